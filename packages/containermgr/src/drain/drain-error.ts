/** The errors of a drain, with remedies. */

/** Why a drain did not come to its end. */
export const drainErrorCodes = {
  refused: 'Some pods can only be removed with an option that was not given. Nothing was evicted.',
  not_cordoned: 'The node still accepts pods; cordon it first.',
  node_unknown: 'The cluster has no node with this name.',
  timeout: 'The time limit was reached before all pods were gone.',
  failed: 'The API server refused to evict some pods.',
  unsupported: 'The API server does not support evictions.',
  conflict: 'Every attempt to change the node conflicted with a change by somebody else.',
} as const

/** One of these codes. */
export type DrainErrorCode = keyof typeof drainErrorCodes

/** A pod that stands in the way, and why. */
export interface PodTrouble {
  readonly namespace: string
  readonly name: string
  readonly message: string
  /** The disruption budget that says not now, if one does. */
  readonly budget?: string
}

/** A node could not be drained, cordoned or uncordoned. Match on `code`. */
export class DrainError extends Error {
  override readonly name = 'DrainError'
  readonly code: DrainErrorCode
  readonly node: string
  /** The pods that stand in the way; empty where it is not about pods. */
  readonly pods: readonly PodTrouble[]

  constructor(
    code: DrainErrorCode,
    node: string,
    options: { message?: string; pods?: readonly PodTrouble[]; cause?: unknown } = {},
  ) {
    const { message = drainErrorCodes[code], pods = [], cause } = options
    const list = pods.map((pod) => `${pod.namespace}/${pod.name}: ${pod.message}`).join('; ')
    super(`Node ${node}: ${message}${list ? ` ${list}` : ''}`, cause === undefined ? {} : { cause })
    this.code = code
    this.node = node
    this.pods = pods
  }
}
