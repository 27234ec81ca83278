/**
 * Hosts that look like another family: its `os-release`, and stand-ins for its package programs.
 *
 * A stand-in is not the program. It writes each call down (`host.calls()`), keeps just enough state to be upgraded
 * once, and answers in the form of the real one; a test may give it another answer (`host.answer(…)`). All else on
 * such a host (systemd, sshd, sudo, the reboot) is real, and Debian's.
 */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { LabError } from './errors.ts'
import type { Family } from './families/family.ts'
import { centos } from './families/centos.ts'
import { fedoraCoreos } from './families/fedora-coreos.ts'
import { fedora } from './families/fedora.ts'
import { opensuse } from './families/opensuse.ts'
import { putFiles, sharedInHost } from './image/template.ts'

/** The families a host can be given. */
export const families: Readonly<Record<string, Family>> = {
  centos,
  fedora,
  'fedora-coreos': fedoraCoreos,
  opensuse,
}

/** The family of this name, or an error that lists the known ones. */
export function familyNamed(name: string): Family {
  const family = families[name]
  if (family) return family
  throw new LabError(
    'no_such_host',
    `There is no family "${name}"; a host can be: ${Object.keys(families).join(', ')}.`,
  )
}

/** Changes the tree of a host, before it boots, into one of that family. */
export async function becomeFamily(root: string, name: string): Promise<void> {
  const family = familyNamed(name)
  for (const path of debianOnly) await rm(join(root, path), { force: true })
  await rm(join(root, '/etc/os-release'), { force: true })
  await putFiles(root, { '/etc/os-release': family.osRelease, '/usr/lib/os-release': family.osRelease })
  for (const [program, body] of Object.entries(family.standIns))
    await putFiles(root, { [`/usr/bin/${program}`]: standIn(program, body) })
  await putFiles(root, family.files ?? {})
}

/** By these a probe would know that the host is a Debian after all. */
const debianOnly = ['apt', 'apt-get', 'apt-cache', 'dpkg', 'dpkg-query', 'dpkg-deb']
  .map((program) => `/usr/bin/${program}`)
  .concat('/etc/debian_version')

function standIn(program: string, body: string): string {
  return `#!/bin/sh
# A stand-in of the commissaire lab, not the real ${program}: notes the call and answers in its form.
me=${program}
state=/var/lib/stand-ins
shared=${sharedInHost}
echo "$me $*" >> "$shared/calls"
if [ -e "$shared/answers/$me" ]; then . "$shared/answers/$me"; fi
read -r boot < /proc/sys/kernel/random/boot_id
need_root() { if [ "$(id -u)" != 0 ]; then echo "$1" >&2; exit 1; fi; mkdir -p "$state"; }
${body}`
}
