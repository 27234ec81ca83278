/**
 * A control group for each host. nspawn puts a host into the group it was itself started in; two hosts in one group
 * would see each other's units, and the systemd of one would stop the services of the other.
 */
import { existsSync } from 'node:fs'
import { mkdir, readdir, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { LabError } from '../errors.ts'
import { until } from '../until.ts'

/** The hierarchies that a systemd manages itself by: the one of today, or the two of a machine with version 1. */
const hierarchies = ['/sys/fs/cgroup', '/sys/fs/cgroup/systemd', '/sys/fs/cgroup/unified']

/** The folders of the group of this name. */
export function cgroupsNamed(name: string): string[] {
  const usable = hierarchies.filter((folder) => existsSync(join(folder, 'cgroup.procs')))
  if (usable.length > 0) return usable.map((folder) => join(folder, name))
  throw new LabError(
    'not_possible_here',
    'No control groups are mounted below /sys/fs/cgroup; a systemd cannot boot without them.',
  )
}

/** Makes the groups of a host. */
export async function makeCgroups(folders: readonly string[]): Promise<void> {
  for (const folder of folders) await mkdir(folder, { recursive: true })
}

/** Removes the groups of a host with all that its systemd made in them. Its processes must be gone. */
export async function removeCgroups(folders: readonly string[]): Promise<void> {
  for (const folder of folders)
    await until(() => tryToRemove(folder), { what: `the control group ${folder} is empty and removed` })
}

/** The kernel counts a dead process for a moment longer than we do. */
async function tryToRemove(folder: string): Promise<boolean> {
  try {
    await removeTree(folder)
  } catch {
    return false
  }
  return !existsSync(folder)
}

async function removeTree(folder: string): Promise<void> {
  if (!existsSync(folder)) return
  for (const entry of await readdir(folder, { withFileTypes: true }))
    if (entry.isDirectory()) await removeTree(join(folder, entry.name))
  await rmdir(folder)
}
