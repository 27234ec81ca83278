/** The options of a drain, with the names and defaults of kubectl. */

/** What decides which pods go. */
export interface SelectOptions {
  /** Pods without a controller go too; nothing brings them back. Also those whose DaemonSet is not there any more. */
  readonly force?: boolean
  /** DaemonSet pods stay and do not stand in the way; their controller would put them back at once. */
  readonly ignoreDaemonSets?: boolean
  /** Pods with an emptyDir go too; what is in it is lost. */
  readonly deleteEmptyDirData?: boolean
  /** A label query; other pods are not looked at. */
  readonly podSelector?: string
  /** Pods that have been terminating for longer than this many seconds are not waited for. Default 0: all are. */
  readonly skipWaitForDeleteTimeout?: number
  readonly signal?: AbortSignal
}

/** What decides how pods go. */
export interface DrainOptions extends SelectOptions {
  /** Seconds that each pod gets to end; default (and when negative) what the pod itself says. */
  readonly gracePeriod?: number
  /** Seconds until the drain gives up; default (and 0) never. */
  readonly timeout?: number
  /** When this drain first began, for one that goes on after a restart of its program; `timeout` counts from there. */
  readonly startedAt?: Date
  /** Deletes pods in place of evicting them, and so asks no disruption budget. The last resort. */
  readonly disableEviction?: boolean
  /** Hears how it goes. */
  readonly onProgress?: (event: DrainEvent) => void
  /** Milliseconds between tries of an eviction that was told "not now"; default 5,000, as kubectl. */
  readonly retryDelay?: number
  /** Milliseconds between looks at whether a pod is gone; default 1,000, as kubectl. */
  readonly pollInterval?: number
}

/** Something that happened to one pod of a drain. */
export interface DrainEvent {
  /**
   * `evicting` and `deleting`: it was asked for. `blocked`: a budget, or the server, says not now. `waiting`: it was
   * accepted and the pod ends. `gone`: it is not there any more. `left`: it is not waited for any longer.
   */
  readonly type: 'evicting' | 'deleting' | 'blocked' | 'waiting' | 'gone' | 'left'
  readonly namespace: string
  readonly name: string
  /** What the server said. */
  readonly message?: string
  /** The disruption budget that blocks. */
  readonly budget?: string
}
