/** Thrown when an operation is no longer this worker's: its lease ran out, another took it, or the service stops. */
export class OperationLost extends Error {
  override readonly name = 'OperationLost'
}
