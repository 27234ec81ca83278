/**
 * What can go wrong with a lab, by code: for the person who reads the message and the program that matches the code.
 */

/** Why the lab could not do what it was asked. */
export type LabErrorCode =
  | 'not_possible_here'
  | 'no_mirror'
  | 'already_up'
  | 'not_up'
  | 'subnet_taken'
  | 'no_such_host'
  | 'command_failed'
  | 'host_failed'
  | 'timeout'
  | 'no_netem'

/** A failure of the lab itself, never of what is tested in it. */
export class LabError extends Error {
  override readonly name = 'LabError'
  readonly code: LabErrorCode

  constructor(code: LabErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, { cause: options.cause })
    this.code = code
  }
}
