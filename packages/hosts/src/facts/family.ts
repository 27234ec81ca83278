/**
 * Detects the family of a system by its tools and not by its name, so that a new distribution of a known family works
 * without a change.
 */
import type { OsRelease } from './os-release.ts'

/** The ways in which systems are kept up to date, in the order in which they are looked for. */
export const families = [
  'transactional-update',
  'bootc',
  'rpm-ostree',
  'apt',
  'dnf5',
  'dnf',
  'yum',
  'zypper',
  'pacman',
  'apk',
] as const

/** One of these families. */
export type Family = (typeof families)[number]

/** What was found on the host. */
export interface FamilyEvidence {
  readonly managers: ReadonlySet<string>
  readonly isOstree: boolean
  readonly isRootReadOnly: boolean
  /** `bootc status` names a booted image that no layered package ties to rpm-ostree. */
  readonly isBootcBooted: boolean
}

const signs: Record<Family, (evidence: FamilyEvidence) => boolean> = {
  'transactional-update': ({ managers, isRootReadOnly }) =>
    managers.has('transactional-update') && isRootReadOnly,
  bootc: ({ isOstree, isBootcBooted }) => isOstree && isBootcBooted,
  'rpm-ostree': ({ managers, isOstree }) => isOstree && managers.has('rpm-ostree'),
  apt: ({ managers, isOstree }) => !isOstree && managers.has('apt-get'),
  dnf5: ({ managers, isOstree }) => !isOstree && managers.has('dnf5'),
  dnf: ({ managers, isOstree }) => !isOstree && managers.has('dnf'),
  yum: ({ managers, isOstree }) => !isOstree && managers.has('yum'),
  zypper: ({ managers }) => managers.has('zypper'),
  pacman: ({ managers }) => managers.has('pacman'),
  apk: ({ managers }) => managers.has('apk'),
}

/** The family, or undefined for a system that none of ours understands. */
export function familyOf(evidence: FamilyEvidence): Family | undefined {
  return families.find((family) => signs[family](evidence))
}

const osNames: Readonly<Record<string, string>> = {
  'opensuse-leap': 'opensuse',
  'opensuse-tumbleweed': 'opensuse',
  'opensuse-microos': 'opensuse',
  'opensuse-slowroll': 'opensuse',
  'leap-micro': 'opensuse',
  sled: 'sles',
  'sle-micro': 'sles',
  'sl-micro': 'sles',
  archlinux: 'arch',
  suse: 'opensuse',
}

const knownNames: ReadonlySet<string> = new Set([
  'fedora',
  'rhel',
  'redhat',
  'centos',
  'debian',
  'ubuntu',
  'opensuse',
  'sles',
  'arch',
  'alpine',
])

/** The host's `os` in the model: the name that people know, or of the system it is derived from. */
export function osName(os: OsRelease, isOstree: boolean): string {
  if (isOstree) return 'atomic'
  const names = [os.id, ...os.like].map((name) => osNames[name] ?? name)
  return names.find((name) => knownNames.has(name)) ?? os.id
}
