/**
 * The meaning of each status of a host, and the legal changes between them: the one table that all parts use.
 *
 * A status that is added to `hostStatuses` does not compile until it has a row here. The moves themselves are made by
 * `@commissaire/storage/host-lifecycle`, the only code that writes a status.
 */
import type { Host, HostStatusName } from './host.ts'

/**
 * Who has the host: nobody or the investigator until it is ready; the watcher, which compares a ready host with its
 * clusters; the watcher again, which waits for a failed host to come back.
 */
export type HostPhase = 'investigation' | 'ready' | 'failed'

interface HostStatusRule {
  readonly phase: HostPhase
  /** Whether operations and the status of a cluster count the host as available. */
  readonly isAvailable: boolean
  /** The statuses that may follow. Staying is always legal. */
  readonly next: readonly HostStatusName[]
}

const table = {
  '': { phase: 'investigation', isAvailable: false, next: ['investigating', 'failed'] },
  investigating: { phase: 'investigation', isAvailable: false, next: ['bootstrapping', 'failed'] },
  bootstrapping: {
    phase: 'investigation',
    isAvailable: false,
    next: ['disassociated', 'investigating', 'failed'],
  },
  disassociated: { phase: 'ready', isAvailable: false, next: ['active', 'investigating', 'failed'] },
  active: { phase: 'ready', isAvailable: true, next: ['disassociated', 'investigating', 'failed'] },
  // The watcher saw it well again, or it is investigated again.
  failed: { phase: 'failed', isAvailable: false, next: ['investigating', 'disassociated', 'active'] },
} as const satisfies Readonly<Record<HostStatusName, HostStatusRule>>

const rules: Readonly<Record<HostStatusName, HostStatusRule>> = table

type StatusIn<Phase extends HostPhase> = {
  [Status in HostStatusName]: (typeof table)[Status]['phase'] extends Phase ? Status : never
}[HostStatusName]

/** The statuses of a host that is ready: `active` belongs to a cluster, `disassociated` does not, or not yet. */
export type ReadyStatus = StatusIn<'ready'>

/** Whether a host may go from one status to another. Staying is always legal. */
export function mayMove(from: HostStatusName, to: HostStatusName): boolean {
  return from === to || rules[from].next.includes(to)
}

/** The phase of a host's life that its status belongs to. */
export function hostPhase({ status }: Pick<Host, 'status'>): HostPhase {
  return rules[status].phase
}

/** Whether a host is prepared and was well when it was last looked at, so that it may join a cluster. */
export function isReadyHost(host: Pick<Host, 'status'>): boolean {
  return hostPhase(host) === 'ready'
}

/** Whether a host counts as available in its cluster. */
export function isAvailableHost({ status }: Pick<Host, 'status'>): boolean {
  return rules[status].isAvailable
}

/**
 * Whether a member of a cluster has still to be made known to the container manager: it is ready and not active, or it
 * failed after it was made ready and comes back as a member.
 */
export function awaitsRegistration(host: Pick<Host, 'status' | 'bootstrapped_at'>): boolean {
  const phase = hostPhase(host)
  return (phase === 'ready' && !isAvailableHost(host)) || (phase === 'failed' && host.bootstrapped_at !== '')
}
