/** Reaching and understanding a Linux host over SSH: facts, upgrades, deployments, proven reboots. */
export type { CommandResult, Remote, RunOptions } from './remote.ts'
export {
  HostError,
  type HostErrorCode,
  type HostErrorOptions,
  hostErrorTable,
  isHostError,
} from './errors.ts'
export { connect, type ConnectOptions } from './ssh/connect.ts'
export { fingerprint, matchesPin } from './ssh/host-key.ts'
export type { Target } from './ssh/target.ts'
export { type PoolConnectOptions, RemotePool, type RemotePoolOptions } from './ssh/pool.ts'
export {
  HostScheduler,
  type OrderedWork,
  type SchedulerObserver,
  type SchedulerOptions,
  type Slot,
  type SlotOutcome,
} from './scheduling/scheduler.ts'
export { type Work, type WorkKind, workKinds } from './scheduling/work.ts'
export { gatherFacts, type GatherOptions, type BootStatus, readBootStatus } from './facts/gather.ts'
export { type Facts, hostFields, type Privilege, type Runtime, type SystemdState } from './facts/facts.ts'
export { families, type Family } from './facts/family.ts'
export type { Deployment, ImageState } from './facts/image.ts'
export type { OsRelease } from './facts/os-release.ts'
export type { RebootNeed } from './facts/reboot-need.ts'
export type { Disk, FileSystem } from './facts/storage.ts'
export type { OsCommand, OsCommands, Outcome, Pending, Question, RebootRequest } from './oscmd/commands.ts'
export { oscmd } from './oscmd/oscmd.ts'
export { askHost, carryOut, type CarryOutOptions } from './updates/carry-out.ts'
export { rebootNeeded, type RebootReport } from './reboot/reboot-needed.ts'
export { type ChangeReport, upgradeHost } from './updates/upgrade.ts'
export { checkDeployed, deployHost, type DeployReport } from './updates/deploy.ts'
export { awaitReboot, issueReboot, rebootHost, type RebootOptions } from './reboot/reboot.ts'
export type { BootRecord, RebootProof } from './reboot/boot-record.ts'
export type { WellSince } from './reboot/settle.ts'
export type { Connector } from './reboot/observation.ts'
export { defaultRebootTiming, type RebootTiming } from './reboot/timing.ts'
export { checkReady } from './updates/ready.ts'
export { preflight } from './preflight/preflight.ts'
export { type Finding, type FindingCode, findingTable } from './preflight/findings.ts'
export { sudoersLine } from './command/sudo.ts'
export {
  bootstrapHost,
  type BootstrapReport,
  checkBootstrapped,
  type StepOutcome,
  type StepReport,
} from './bootstrap/bootstrap.ts'
export type { FlannelNetwork, HostNetwork, NetworkCertificates } from './bootstrap/network.ts'
export { type BootstrapPlan, planBootstrap, type PlannedState, type PlannedStep } from './bootstrap/plan.ts'
export { bootstrapSteps, type Profile, profiles } from './bootstrap/profiles.ts'
export type { Step } from './bootstrap/step.ts'
