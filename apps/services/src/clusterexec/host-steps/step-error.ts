/** Thrown by a step that fails for another reason than a HostError: a node, a health check, a command. */
export class StepError extends Error {
  override readonly name = 'StepError'
  readonly code: string

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
