/** CentOS Stream 9, of the RHEL family, with stand-ins for dnf 4 and yum. */
import type { Family } from './family.ts'
import { dnf, rpm } from './dnf.ts'

/** A CentOS Stream. */
export const centos: Family = {
  osRelease: `NAME="CentOS Stream"
VERSION="9"
ID="centos"
ID_LIKE="rhel fedora"
VERSION_ID="9"
PLATFORM_ID="platform:el9"
PRETTY_NAME="CentOS Stream 9"
CPE_NAME="cpe:/o:centos:centos:9"
`,
  standIns: { dnf: dnf('el9'), yum: dnf('el9'), rpm },
  files: { '/etc/centos-release': 'CentOS Stream release 9\n' },
}
