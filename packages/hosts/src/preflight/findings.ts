/** The findings of preflight checks: one table of codes, severities, meanings and remedies. */

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
    meaning: 'The remote user is not root and cannot become root without a password.',
    remedy: 'Give the user sudo without a password, or log in as root',
  },
  not_supported: {
    severity: 'blocks',
    meaning: 'The host has no supported package manager.',
    remedy: 'Leave this host out of operations',
  },
  busy: {
    severity: 'blocks',
    meaning: "Another process holds the package manager's lock.",
    remedy: 'Wait until it has finished, or disable automatic updates on the host',
  },
  no_space: {
    severity: 'blocks',
    meaning: 'A file system is too full to change the system safely.',
    remedy: 'Free space on the named file system',
  },
  no_inodes: {
    severity: 'blocks',
    meaning: 'A file system has almost no free inodes.',
    remedy: 'Remove files on the named file system',
  },
  read_only: {
    severity: 'blocks',
    meaning: 'The root file system of a host that installs packages is mounted read-only.',
    remedy: 'Read the kernel log: a failing disk is remounted read-only',
  },
  packages_broken: {
    severity: 'warns',
    meaning:
      'dpkg was interrupted, or packages are not fully configured. An upgrade first tries to complete them.',
    remedy: 'On the host, run "dpkg --configure -a"',
  },
  driven_elsewhere: {
    severity: 'blocks',
    meaning: 'Another program updates this host.',
    remedy: 'On the host, run "systemctl disable --now zincati.service", or let it do the updates',
  },
  reboot_held: {
    severity: 'warns',
    meaning: 'rebootmgr runs, and may delay a reboot until its own window.',
    remedy: 'On the host, run "rebootmgrctl set-strategy off"',
  },
  reboot_pending: {
    severity: 'warns',
    meaning: 'An earlier change already needs a reboot.',
    remedy: 'Restart the host first, so that later failures can be attributed to this operation',
  },
  going_down: {
    severity: 'blocks',
    meaning: 'The host is shutting down, or a shutdown is scheduled.',
    remedy: 'Wait until it is back, or cancel the shutdown with shutdown -c',
  },
  starting: {
    severity: 'blocks',
    meaning: 'The host has not finished starting.',
    remedy: 'Wait until it has',
  },
  clock_skew: {
    severity: 'warns',
    meaning:
      "The host's clock is wrong by more than a minute. Signatures and certificates may be invalid there.",
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
