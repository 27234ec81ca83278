/**
 * The one thing that all labs on a machine share: a place in memory where nspawn keeps its marks.
 *
 * nspawn refuses to tidy up after a reboot when `/run/systemd/nspawn` lies on a disk, as it does where `/run` is no
 * tmpfs. Our mount carries our name, so we know it again and take no other away.
 */
import { existsSync } from 'node:fs'
import { mkdir, readdir, statfs } from 'node:fs/promises'
import { run } from '../command.ts'
import { sourceOf, unmount } from './mounts.ts'

const marks = '/run/systemd/nspawn'
const ourName = 'commissaire-lab'
const tmpfsMagic = 0x01021994

/** Makes sure that nspawn's marks lie in memory. Call it while holding the lock of the labs. */
export async function prepareMachine(): Promise<void> {
  await mkdir(marks, { recursive: true })
  const { type } = await statfs(marks)
  if (type !== tmpfsMagic) await run('mount', ['-t', 'tmpfs', '-o', 'size=4m,mode=755', ourName, marks])
}

/** Takes our mount away once no host needs it. Call it while holding the lock of the labs. */
export async function releaseMachine(): Promise<void> {
  if (sourceOf(marks) !== ourName) return
  const used = existsSync(`${marks}/propagate`) ? await readdir(`${marks}/propagate`) : []
  if (used.length === 0) await unmount(marks)
}
