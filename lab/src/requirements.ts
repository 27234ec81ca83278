/**
 * What the machine must offer before a lab can be built on it, and what to type when it does not.
 */
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { LabError } from './errors.ts'

/** Each program the lab runs, and the Debian package it comes in. */
const tools: Record<string, string> = {
  'systemd-nspawn': 'systemd-container',
  debootstrap: 'debootstrap',
  ip: 'iproute2',
  tc: 'iproute2',
  'dpkg-deb': 'dpkg',
  'dpkg-scanpackages': 'dpkg-dev',
  ssh: 'openssh-client',
  'ssh-keygen': 'openssh-client',
  flock: 'util-linux',
  nsenter: 'util-linux',
}

/** Throws with one clear sentence when no lab can be built here. */
export function checkRequirements(): void {
  const reason = whyNoLab()
  if (reason) throw new LabError('not_possible_here', reason)
}

/** Why no lab can be built here, and what to type about it; undefined when one can. */
export function whyNoLab(): string | undefined {
  if (process.platform !== 'linux')
    return `The lab boots real Linux hosts and needs Linux; this is ${process.platform}. Run it in a Linux virtual machine.`
  if (process.getuid?.() !== 0)
    return 'The lab mounts, makes network namespaces and boots hosts: it needs root. Run: sudo -E npm run lab -- up 3'
  const packages = missingPackages()
  if (packages.length > 0) return `The lab needs more tools. Run: apt-get install -y ${packages.join(' ')}`
  return undefined
}

function missingPackages(): string[] {
  const folders = `${process.env.PATH ?? ''}${delimiter}/usr/sbin${delimiter}/sbin`.split(delimiter)
  const missing = Object.keys(tools).filter(
    (tool) => !folders.some((folder) => existsSync(join(folder, tool))),
  )
  return [...new Set(missing.map((tool) => tools[tool] ?? tool))]
}
