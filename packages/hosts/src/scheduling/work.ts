/** What a piece of work on a host is for. It decides who is served first when not all can be served at once. */

/** The kinds of work, the most urgent first. */
export const workKinds = ['operation', 'request', 'investigation', 'watch'] as const

/** `operation`: a step of an operation; `request`: a person waits for it; `investigation`; `watch`: a regular check. */
export type WorkKind = (typeof workKinds)[number]

/** On whose behalf a connection is used. */
export interface Work {
  /** Default: `request`. */
  readonly kind?: WorkKind
  /** The cluster of the host. Clusters take turns; default: all work without one takes turns with them. */
  readonly cluster?: string
  /** Called once when the work has waited for a free slot for a second. */
  readonly onWait?: () => void
}
