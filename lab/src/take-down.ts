/**
 * Takes a lab away by its record: its processes, groups, cables, namespaces, mounts, bridge and folder, and nothing else.
 *
 * Every step looks first whether there is anything to take away, so it may run twice, or after half of an `up`.
 */
import { randomUUID } from 'node:crypto'
import { readdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { removeCgroups } from './host/cgroup.ts'
import { run } from './command.ts'
import { withLock } from './lock.ts'
import { releaseMachine } from './host/machine.ts'
import { unmount } from './host/mounts.ts'
import { removeLink, unplug } from './host/network.ts'
import { killRunner } from './host/runner.ts'
import { isAbandoned, type LabState, recordedLabs, REMOVED } from './state.ts'

/** Takes one lab away. Its record goes last, so an interrupted `down` is taken up by the next. */
export async function takeDown(state: LabState): Promise<void> {
  await Promise.all(
    state.hosts.map(async (host) => {
      await killRunner(host)
      await unplug(host)
      await removeCgroups(host.cgroups)
    }),
  )
  for (const mount of state.mounts.toReversed()) await unmount(mount)
  await removeLink(state.bridge)
  await removeFolder(state.folder)
}

/**
 * Gives the folder another name first: as soon as its record is gone, another process may claim the network and the
 * folder of that name.
 */
async function removeFolder(folder: string): Promise<void> {
  const removed = `${folder}${REMOVED}${randomUUID()}`
  try {
    await rename(folder, removed)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return
    throw error
  }
  await run('rm', ['-rf', '--one-file-system', removed])
}

/** Takes labs away and then, when the last one went, what they shared. */
export async function takeAllDown(dir: string, states: readonly LabState[]): Promise<void> {
  for (const state of states) await takeDown(state)
  await withLock(lockOf(dir), async () => {
    if ((await recordedLabs(dir)).length === 0) await releaseMachine()
  })
}

/** Clears what crashed labs left. Call it while holding the lock of the labs. */
export async function clearAbandoned(dir: string): Promise<void> {
  for (const state of await recordedLabs(dir)) if (isAbandoned(state)) await takeDown(state)
  const remains = (await readdir(dir)).filter((name) => name.includes(REMOVED))
  for (const name of remains) await run('rm', ['-rf', '--one-file-system', join(dir, name)])
}

/** The lock that is held while labs are claimed or released. */
export function lockOf(dir: string): string {
  return join(dir, 'lock')
}
