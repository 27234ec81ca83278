/** File systems and disks. */
import type { Answer } from './answer.ts'

/** One file system; kilobytes. */
export interface FileSystem {
  readonly mount: string
  readonly device: string
  readonly size: number
  readonly used: number
  readonly available: number
  /** Undefined where the file system does not count them. */
  readonly inodesAvailable: number | undefined
}

/** One disk. */
export interface Disk {
  readonly name: string
  readonly kilobytes: number
}

/** The file systems of `/`, `/boot` and `/var`, each once. */
export function fileSystems(answer: Answer): FileSystem[] {
  const inodes = new Map(
    answer
      .all('inodes')
      .map(columns)
      .map((row) => [row?.mount, row?.available]),
  )
  const found = new Map<string, FileSystem>()
  for (const row of answer.all('fs').map(columns)) {
    if (row) found.set(row.mount, { ...row, inodesAvailable: inodes.get(row.mount) || undefined })
  }
  return [...found.values()]
}

/** The disks that the probe found. */
export function disks(answer: Answer): Disk[] {
  return answer.all('disk').map((line) => {
    const [name = '', sectors = '0'] = line.split(' ')
    return { name, kilobytes: Number(sectors) / 2 }
  })
}

function columns(line: string): Omit<FileSystem, 'inodesAvailable'> | undefined {
  const [, device, size, used, available, mount] =
    /^(.+?)\s+(\d+|-)\s+(\d+|-)\s+(-?\d+|-)\s+\S+\s+(\/.*)$/.exec(line) ?? []
  if (device === undefined || mount === undefined) return undefined
  return { mount, device, size: Number(size), used: Number(used), available: Number(available) }
}
