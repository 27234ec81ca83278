/**
 * Everything that can go wrong with a host: one table of codes, meanings and remedies, and the error that carries one.
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
    meaning: 'No way leads to the host: its name does not resolve, or the network has no route.',
    remedy: 'Check the address, and that the host is up and on the network',
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
    meaning: 'The connection ended in the middle.',
    remedy: 'Try again; if it recurs, look into the sshd log of the host',
  },
  protocol: {
    meaning: 'What answers does not speak SSH as we do.',
    remedy: 'Check that the port is that of an sshd and that both sides share modern algorithms',
  },
  auth_failed: {
    meaning: 'The host refused the key of this user.',
    remedy: "Add the public key to that user's authorized_keys on the host, or correct the remote user",
  },
  key_invalid: {
    meaning: 'The private key that should open the host cannot be read.',
    remedy: 'Store an unencrypted private key in OpenSSH or PEM form',
  },
  host_key_changed: {
    meaning: 'The host proves another key than the one that is pinned for it.',
    remedy:
      'If the host was installed anew, remove its pinned key and add the host again; if not, somebody may be in between',
  },
  identity_changed: {
    meaning: 'The host came back from a reboot with another host key.',
    remedy: 'Find out what answers at this address now before trusting it with anything',
  },
  cancelled: { meaning: 'The caller gave up.', remedy: 'Nothing is to be done' },
  closed: {
    meaning: 'The pool of connections is closed.',
    remedy: 'Nothing is to be done: the program is stopping',
  },
  command_failed: {
    meaning: 'A command ran on the host and failed.',
    remedy: 'Read what it wrote, put that right on the host, and try again',
  },
  no_sudo: {
    meaning: 'The remote user is not root and may not become root without a password.',
    remedy: 'Give the user sudo without a password, or let root in',
  },
  facts_invalid: {
    meaning: 'What the host tells about itself is cut short or makes no sense.',
    remedy: "Run the probe by hand on the host; often a start-up file of the user's shell ends it early",
  },
  not_supported: {
    meaning: 'The host is of a kind that cannot do this.',
    remedy: 'Use the operation that this kind of host has',
  },
  driven_elsewhere: {
    meaning: 'Another program drives the updates of this host.',
    remedy: 'Disable that program for hosts that are managed here, so that two do not pull at one system',
  },
  busy: {
    meaning: "Another process holds the package manager's lock.",
    remedy: 'Wait until it is done, then try again',
  },
  no_space: {
    meaning: 'A file system of the host is too full to change its system safely.',
    remedy: 'Make room on the file system that is named, then try again',
  },
  did_not_reboot: {
    meaning: 'The host answers, but with the boot id it had before the reboot.',
    remedy: 'Look on the host for what holds the shutdown: inhibitors, a stuck unit, a refused command',
  },
  did_not_return: {
    meaning: 'The host went away for its reboot and did not come back in time.',
    remedy: "Look at the host's console",
  },
  rebooted_again: {
    meaning: 'The host came back and then booted once more before it had settled.',
    remedy: "Look at the host's console for a boot loop",
  },
  unsettled: {
    meaning: 'The host came back, but its services did not all start.',
    remedy: 'Look at the units that are named: systemctl status UNIT',
  },
  rolled_back: {
    meaning: 'The host runs another image than the one that was deployed.',
    remedy: 'The host fell back to an earlier image: read the journal of the boot that failed',
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
