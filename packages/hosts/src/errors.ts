/**
 * The errors of hosts: one table of codes, meanings and remedies, and the error class.
 *
 * Match on `code`, never on text: two copies of this package may be loaded.
 */

interface HostErrorRow {
  readonly meaning: string
  readonly remedy: string
}

/** Each code with what it means and what a person does about it. A test compares the manual with this table. */
export const hostErrorTable = {
  unreachable: {
    meaning: 'The host cannot be reached: its name does not resolve, or there is no route to it.',
    remedy: 'Check the address, and that the host is up and connected to the network',
  },
  refused: {
    meaning: 'The host answers, but nothing listens on the SSH port.',
    remedy: 'Start sshd on the host, or correct the port',
  },
  timeout: {
    meaning: 'No answer came within the time limit.',
    remedy: 'Check that the host is up and not overloaded, or allow more time',
  },
  connection_lost: {
    meaning: 'The connection broke during the work.',
    remedy: 'Try again; if it happens again, read the sshd log of the host',
  },
  protocol: {
    meaning: 'The server at this port does not speak SSH, or shares no algorithm with Commissaire.',
    remedy: 'Check that the port belongs to an sshd and that it allows modern algorithms',
  },
  auth_failed: {
    meaning: 'The host refused the key of this user.',
    remedy: "Add the public key to that user's authorized_keys on the host, or correct the remote user",
  },
  key_invalid: {
    meaning: 'The private key for the host cannot be read.',
    remedy: 'Store an unencrypted private key in OpenSSH or PEM form',
  },
  host_key_changed: {
    meaning: 'The host shows another host key than the pinned one.',
    remedy:
      'If the host was reinstalled, delete it and add it again; if not, somebody may be intercepting the connection',
  },
  identity_changed: {
    meaning: 'The host came back from a reboot with another host key.',
    remedy: 'Find out which machine answers at this address before you trust it',
  },
  cancelled: { meaning: 'The caller gave up.', remedy: 'Nothing needs to be done' },
  closed: {
    meaning: 'The pool of connections is closed.',
    remedy: 'Nothing needs to be done: the program is stopping',
  },
  command_failed: {
    meaning: 'A command ran on the host and failed.',
    remedy: 'Read its output, fix the problem on the host, and try again',
  },
  too_much_output: {
    meaning: 'A command printed more than Commissaire reads of its output, and was killed.',
    remedy: "Find out on the host what prints so much: often a start-up file of the user's shell",
  },
  no_sudo: {
    meaning: 'The remote user is not root and cannot become root without a password.',
    remedy: 'Give the user sudo without a password, or log in as root',
  },
  facts_invalid: {
    meaning: 'The facts that the host reported are incomplete or invalid.',
    remedy: "Check the start-up files of the user's shell on the host; they often end the session early",
  },
  not_supported: {
    meaning: 'The operation is not possible on this kind of host.',
    remedy: 'Use the operation that this kind of host supports',
  },
  driven_elsewhere: {
    meaning: 'Another program updates this host.',
    remedy: 'Disable that program on hosts that Commissaire manages',
  },
  busy: {
    meaning: "Another process holds the package manager's lock.",
    remedy: 'Wait until it has finished, then try again',
  },
  no_space: {
    meaning: 'A file system of the host is too full to change its system safely.',
    remedy: 'Free space on the named file system, then try again',
  },
  did_not_reboot: {
    meaning: 'The host answers, but with the boot id it had before the reboot.',
    remedy: 'Find out on the host what prevents the shutdown: an inhibitor, a stuck unit, a refused command',
  },
  did_not_return: {
    meaning: 'The host shut down for its reboot and did not come back in time.',
    remedy: "Check the host's console",
  },
  rebooted_again: {
    meaning: 'The host came back and then booted again before it had settled.',
    remedy: "Check the host's console for a boot loop",
  },
  unsettled: {
    meaning: 'The host came back, but some of its services did not start.',
    remedy: 'Check the named units: systemctl status UNIT',
  },
  rolled_back: {
    meaning: 'The host runs another image than the deployed one.',
    remedy: 'The host fell back to an earlier image: read the journal of the failed boot',
  },
} as const satisfies Record<string, HostErrorRow>

/** One of these codes. */
export type HostErrorCode = keyof typeof hostErrorTable

/** What else an error may carry. */
export interface HostErrorOptions {
  readonly address?: string
  readonly cause?: unknown
  /** What to do, where more can be said than the table says. */
  readonly remedy?: string
  /** Facts for programs: fingerprints, the exit status, what was seen last. Never a secret. */
  readonly details?: Readonly<Record<string, unknown>>
}

/** An error with a place in the table. Its message says what was tried, what was found and what to do. */
export class HostError extends Error {
  override readonly name = 'HostError'
  readonly code: HostErrorCode
  readonly address: string | undefined
  readonly remedy: string
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: HostErrorCode, found: string, options: HostErrorOptions = {}) {
    const remedy = options.remedy ?? hostErrorTable[code].remedy
    super(`${found.replace(/[.\s]+$/, '')}. ${remedy}.`, { cause: options.cause })
    this.code = code
    this.address = options.address
    this.remedy = remedy
    this.details = options.details ?? {}
  }
}

/** True for a HostError, of this copy of the package or another, and of that code if one is named. */
export function isHostError(error: unknown, code?: HostErrorCode): error is HostError {
  if (!(error instanceof Error) || error.name !== 'HostError') return false
  return code === undefined || ('code' in error && error.code === code)
}
