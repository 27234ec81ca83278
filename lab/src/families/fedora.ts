/** Fedora Server with a stand-in for dnf 5: two updates wait, one of them the kernel. */
import type { Family } from './family.ts'
import { dnf, rpm } from './dnf.ts'

/** A Fedora Server. */
export const fedora: Family = {
  osRelease: `NAME="Fedora Linux"
VERSION="43 (Server Edition)"
ID=fedora
VERSION_ID=43
VERSION_CODENAME=""
PRETTY_NAME="Fedora Linux 43 (Server Edition)"
CPE_NAME="cpe:/o:fedoraproject:fedora:43"
VARIANT="Server Edition"
VARIANT_ID=server
`,
  standIns: { dnf: dnf('fc43'), dnf5: dnf('fc43'), rpm },
  files: { '/etc/fedora-release': 'Fedora release 43 (Forty Three)\n' },
}
