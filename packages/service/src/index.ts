/** How to write a long running service on the bus, and how to run it in one process or in many. */

export type { Fault } from './arguments.ts'
export { type RestartPolicy } from './backoff.ts'
export type { ChildState } from './child.ts'
export { CommissaireService, type RunOptions, type ServiceState } from './commissaire-service.ts'
export { type ConfigSources, loadConfig } from './config.ts'
export { ConfigError, type SettingFault } from './config-error.ts'
export { didYouMean } from './did-you-mean.ts'
export type { ArgumentDescription, JsonSchema, MethodDescription, ServiceDescription } from './describe.ts'
export type { FlagDefinition } from './flags.ts'
export { createLog, type LogOptions } from './log.ts'
export type { ProgramManual, SettingText } from './manual.ts'
export type { MethodDeclaration, MethodDeclarations } from './methods.ts'
export { notifySystemd, type Readiness } from './notify-ready.ts'
export type { ServiceQueue } from './queues.ts'
export {
  defineProgram,
  type Program,
  type ProgramContext,
  type ProgramDefinition,
  type Settings,
} from './program.ts'
export { redact, redactText } from './redact.ts'
export { run, type RunServiceOptions } from './run.ts'
export { ServiceManager, type ServiceManagerOptions } from './service-manager.ts'
export { commonSettings, connectionOf, serviceSettings } from './settings.ts'
export type { ServiceOptions } from './service-options.ts'
export { StopRequest } from './stop-request.ts'
export {
  type Bus,
  BusError,
  type Client,
  connect,
  type Logger,
  type Message,
  type RequestOptions,
} from '@commissaire/bus'
export { openBus } from './open-bus.ts'
