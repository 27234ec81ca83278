/** Thrown for a request that HTTP itself refuses, with the status of the answer. The message is the detail of the problem. */
export class RequestError extends Error {
  override readonly name = 'RequestError'
  readonly statusCode: number

  constructor(statusCode: number, message: string) {
    super(message)
    this.statusCode = statusCode
  }
}
