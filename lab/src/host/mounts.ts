/**
 * Mounts and what undoes them. Unmounting what is not mounted is no error: it is what a second `down` does.
 */
import { readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { result, run } from '../command.ts'
import { LabError } from '../errors.ts'

/** A disk of limited size in memory: it can be filled without filling the machine's. */
export async function mountDisk(folder: string, size: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  await run('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=755`, 'commissaire-lab', folder])
}

/** Lays a writable disk over read-only trees, the topmost first. */
export async function mountOver(root: string, trees: readonly string[], disk: string): Promise<void> {
  const [upper, work] = [`${disk}/upper`, `${disk}/work`]
  await Promise.all([root, upper, work].map((folder) => mkdir(folder, { recursive: true })))
  const options = `lowerdir=${trees.join(':')},upperdir=${upper},workdir=${work}`
  await run('mount', ['-t', 'overlay', '-o', options, 'commissaire-lab', root])
}

/** Takes every mount on this very folder away. */
export async function unmount(folder: string): Promise<void> {
  while (sourceOf(folder) !== undefined) {
    const { code, stderr } = await result('umount', [folder])
    if (code !== 0) throw new LabError('command_failed', `Could not unmount ${folder}: ${stderr.trim()}`)
  }
}

/** Takes away whatever is mounted below a folder of ours, the deepest first. */
export async function unmountBelow(folder: string): Promise<void> {
  const below = mountPoints().filter(({ point }) => point.startsWith(`${folder}/`))
  for (const { point } of below.toReversed()) await unmount(point)
}

/** What is mounted on a folder, by the name it was mounted from; undefined when nothing is. */
export function sourceOf(folder: string): string | undefined {
  return mountPoints().findLast(({ point }) => point === folder)?.source
}

function mountPoints(): { source: string; point: string }[] {
  const lines = readFileSync('/proc/self/mounts', 'utf8').split('\n').filter(Boolean)
  return lines.map((line) => {
    const [source = '', point = ''] = line.split(' ')
    return { source, point: point.replaceAll(String.raw`\040`, ' ') }
  })
}
