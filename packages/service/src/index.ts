/** A framework for long running services on a message bus, in one process or in several. */

export type { Fault } from './service/arguments.ts'
export { type RestartPolicy } from './manager/backoff.ts'
export type { ChildState } from './manager/child.ts'
export { CommissaireService } from './service/commissaire-service.ts'
export type { Runnable, RunOptions } from './service/runnable.ts'
export type { ServiceState } from './service/service-state.ts'
export { type ConfigSources, loadConfig } from './program/config.ts'
export { ConfigError, type SettingFault } from './program/config-error.ts'
export { didYouMean } from './program/did-you-mean.ts'
export type {
  ArgumentDescription,
  JsonSchema,
  MethodDescription,
  ServiceDescription,
} from './service/describe.ts'
export type { FlagDefinition } from './program/flags.ts'
export { createLog, type LogOptions } from './observability/log.ts'
export type { ProgramManual, SettingText } from './program/manual.ts'
export type { MethodDeclaration, MethodDeclarations, MethodHandlers, MethodInput } from './service/methods.ts'
export { notifySystemd, type Readiness } from './program/notify-ready.ts'
export type { ServiceQueue } from './service/queues.ts'
export {
  defineProgram,
  type Program,
  type ProgramContext,
  type ProgramDefinition,
  type Settings,
} from './program/program.ts'
export { redact, redactText } from './observability/redact.ts'
export { run, type RunServiceOptions } from './program/run.ts'
export { ServiceManager, type ServiceManagerOptions } from './manager/service-manager.ts'
export { commonSettings, connectionOf, serviceSettings } from './program/settings.ts'
export type { ServiceOptions } from './service/service-options.ts'
export { StopRequest } from './manager/stop-request.ts'
export {
  type Bus,
  BusError,
  type Client,
  connect,
  type Logger,
  type Message,
  type RequestOptions,
} from '@commissaire/bus'
export { openBus } from './service/open-bus.ts'
