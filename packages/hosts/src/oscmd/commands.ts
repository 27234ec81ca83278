/**
 * The commands that a family of systems provides, as data, each with a function that interprets its result.
 *
 * A command says what a shell runs, as root, and `read` says what its end means. Exit statuses mean something else in
 * every family, which is why no caller looks at them.
 */
import type { Family } from '../facts/family.ts'
import type { RebootNeed } from '../facts/reboot-need.ts'
import type { CommandResult } from '../remote.ts'

/** What the end of a command means. */
export type Outcome =
  | { readonly kind: 'done' }
  /** There was nothing to do. */
  | { readonly kind: 'nothing' }
  /** It did its work and must run once more, as zypper says after updating itself. */
  | { readonly kind: 'again' }
  /** Another process holds the package manager's lock. */
  | { readonly kind: 'busy' }
  | { readonly kind: 'failed'; readonly reason: string }

/** One command that changes the host. */
export interface OsCommand {
  readonly run: string
  /** Text for its standard input. What others on the host must not see is here, and not in `run`. */
  readonly input?: string
  /** What it is called where it failed; default is the command itself. */
  readonly title?: string
  /** Milliseconds that it may take. */
  readonly timeout: number
  readonly read: (result: CommandResult) => Outcome
}

/** One command that only asks. */
export interface Question<T> {
  readonly run: string
  readonly timeout: number
  readonly read: (result: CommandResult) => T
}

/** Updates that wait; undefined numbers are not known. */
export interface Pending {
  readonly count: number | undefined
  readonly security: number | undefined
}

/** How a reboot is asked for. */
export interface RebootRequest {
  /** `soft` restarts user space only; `forced` goes past inhibitors. Default: `hard`. */
  readonly kind?: 'hard' | 'forced' | 'soft'
}

/** All commands of one kind of system. */
export interface OsCommands {
  readonly family: Family
  /** `packages` change the running system; `image` and `snapshot` change what the next boot runs. */
  readonly kind: 'packages' | 'image' | 'snapshot'
  /** Fetches what is new. */
  refresh(): OsCommand
  /** How many updates wait. */
  pending(): Question<Pending>
  /** Brings everything up to date. */
  upgrade(): OsCommand
  /** Brings exactly this version. Throws `not_supported` where the system has no versions. */
  deploy(version: string): OsCommand
  install(packages: readonly string[]): OsCommand
  /** Enables a service and starts it. */
  enable(service: string): OsCommand
  /** Starts a reboot and returns, so that the connection may end in peace. */
  reboot(request?: RebootRequest): OsCommand
  /** Whether a reboot is needed, by the family's own tool. */
  rebootNeed(): Question<RebootNeed>
  /** The services that still run on files which were replaced; undefined where nobody can tell. */
  servicesToRestart(): Question<readonly string[] | undefined>
}

/** Milliseconds of a minute. */
export const minute = 60_000
