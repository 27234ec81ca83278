/** Thrown when this worker must stop working on an operation: its lease expired, another worker took it, or the service stops. */
export class OperationLost extends Error {
  override readonly name = 'OperationLost'
}
