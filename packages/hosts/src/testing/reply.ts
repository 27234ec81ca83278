/** The reply of a scripted host to a command. */

/** How a command ends on a scripted host. */
export interface Reply {
  readonly code?: number | undefined
  readonly signal?: string | undefined
  readonly stdout?: string
  readonly stderr?: string
}
