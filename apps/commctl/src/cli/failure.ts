/**
 * The exit statuses of `commctl`, and the errors that carry one. Whatever a command throws ends in `main.ts`, which
 * prints the message and leaves with the status.
 */

/** Exit statuses, as scripts know them. */
export const status = {
  ok: 0,
  noServer: 1,
  failed: 2,
  /** What was watched did not finish: it failed, paused or was cancelled. */
  stopped: 3,
  notFound: 4,
  /** Something would be in the way of what was planned. */
  blocked: 5,
  interrupted: 130,
} as const

/** An error for the person at the terminal: a message that says what to do, and an exit status. */
export class Failure extends Error {
  override readonly name: string = 'Failure'
  readonly code: number

  constructor(message: string, options: { code?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause })
    this.code = options.code ?? status.failed
  }
}

/** No server answered; each endpoint that was tried, with the reason. */
export class NoServer extends Failure {
  override readonly name = 'NoServer'

  constructor(attempts: readonly { endpoint: string; reason: string }[], options: { cause?: unknown } = {}) {
    const lines = attempts.map(({ endpoint, reason }) => `- ${endpoint}: ${reason}`)
    super(`No servers could be reached. Tried the following:\n${lines.join('\n')}`, {
      ...options,
      code: status.noServer,
    })
  }
}

/** The person pressed Ctrl-C, or the process was told to end. */
export class Interrupted extends Failure {
  override readonly name = 'Interrupted'

  constructor(message = 'Interrupted.') {
    super(message, { code: status.interrupted })
  }
}
