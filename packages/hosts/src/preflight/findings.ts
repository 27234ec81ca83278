/** What can be in the way of an operation: one table of codes, how bad each is, what it means and what to do about it. */

interface FindingRow {
  /** `blocks`: the operation would fail, or do harm. `warns`: it may go well, and a person should know. */
  readonly severity: 'blocks' | 'warns'
  readonly meaning: string
  readonly remedy: string
}

/** The table. A test compares the manual with it. */
export const findingTable = {
  no_sudo: {
    severity: 'blocks',
    meaning: 'The remote user is not root and may not become root without a password.',
    remedy: 'Give the user sudo without a password, or let root in',
  },
  not_supported: {
    severity: 'blocks',
    meaning: 'The host has no package manager that we know.',
    remedy: 'Leave this host out of operations, and watch it only',
  },
  busy: {
    severity: 'blocks',
    meaning: "Another process holds the package manager's lock.",
    remedy: 'Wait until it is done, or stop what updates the host by itself',
  },
  no_space: {
    severity: 'blocks',
    meaning: 'A file system is too full to change the system safely.',
    remedy: 'Make room on the file system that is named',
  },
  no_inodes: {
    severity: 'blocks',
    meaning: 'A file system can hold hardly any more files.',
    remedy: 'Remove files on the file system that is named',
  },
  read_only: {
    severity: 'blocks',
    meaning: 'The root file system of a host of packages is mounted read-only.',
    remedy: "Look at the kernel's log: a disk that fails is mounted so",
  },
  packages_broken: {
    severity: 'warns',
    meaning: 'dpkg was interrupted, or left packages unfinished. An upgrade tries to finish them first.',
    remedy: 'On the host, run "dpkg --configure -a"',
  },
  driven_elsewhere: {
    severity: 'blocks',
    meaning: 'Another program drives the updates of this host.',
    remedy: 'On the host, run "systemctl disable --now zincati.service", or leave its updates to it',
  },
  reboot_held: {
    severity: 'warns',
    meaning: 'rebootmgr runs, and may hold a reboot until its own window.',
    remedy: 'On the host, run "rebootmgrctl set-strategy off"',
  },
  reboot_pending: {
    severity: 'warns',
    meaning: 'A reboot is due already from an earlier change.',
    remedy: 'Restart the host first, so that what fails later is known to be of this operation',
  },
  going_down: {
    severity: 'blocks',
    meaning: 'The host is going down, or a shutdown is scheduled.',
    remedy: 'Wait until it is back, or cancel the shutdown: shutdown -c',
  },
  starting: {
    severity: 'blocks',
    meaning: 'The host has not finished starting.',
    remedy: 'Wait until it has',
  },
  clock_skew: {
    severity: 'warns',
    meaning:
      "The host's clock is wrong by more than a minute. Signatures and certificates may not be valid there.",
    remedy: "Start a time service on the host, or correct this machine's clock",
  },
} as const satisfies Record<string, FindingRow>

/** The code of a finding. */
export type FindingCode = keyof typeof findingTable

/** One thing that is in the way on one host. */
export interface Finding {
  readonly code: FindingCode
  readonly severity: 'blocks' | 'warns'
  /** In a sentence, with the figures. */
  readonly found: string
  readonly remedy: string
}

/** A finding with what the table says of its code. */
export function finding(code: FindingCode, found: string): Finding {
  const { severity, remedy } = findingTable[code]
  return { code, severity, found, remedy }
}
