/** Thrown by a step for which the host itself cannot be blamed in a HostError: a node, a gate, a command. */
export class StepError extends Error {
  override readonly name = 'StepError'
  readonly code: string

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
