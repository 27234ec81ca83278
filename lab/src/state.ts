/**
 * The record of a lab: all that it makes on this machine, written down before the first of it is made.
 *
 * `down` reads this file and takes exactly that away, so it works after any crash, and twice. The processes of a host
 * are in a file of its own (`pids`) that its runner writes, because only the runner knows them.
 */
import { existsSync, readFileSync } from 'node:fs'
import { readdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { LabError } from './errors.ts'
import { isAlive, type ProcessMark } from './host/processes.ts'

/** One host as recorded. */
export interface HostRecord {
  readonly name: string
  readonly address: string
  /** Whose `os-release` and stand-in programs it carries; undefined for the real Debian it is. */
  readonly family?: string
  /** Its network namespace. */
  readonly namespace: string
  /** The machine's end of its network cable. */
  readonly link: string
  /** The folders of its control group. */
  readonly cgroups: readonly string[]
  /** Its folder: `disk`, `root` (the tree it runs on), `shared` (seen by both sides), `pids`, `console.log`. */
  readonly folder: string
}

/** A whole lab as recorded. */
export interface LabState {
  readonly folder: string
  readonly base: string
  /** The first three numbers of every address, as in "10.77.0". */
  readonly network: string
  readonly bridge: string
  /** The mounts of the lab and its hosts, in the order in which they are made. */
  readonly mounts: readonly string[]
  readonly hosts: readonly HostRecord[]
  /** The boot of this machine in which the lab was made; nothing of it outlives that. */
  readonly machineBoot: string
  /** The process without which this lab is abandoned; undefined once it stands on its own. */
  readonly owner?: ProcessMark
}

/** Where labs are kept unless said otherwise. */
export const defaultDir = '/var/lib/commissaire-lab'

/** The folder of the lab with this network. */
export function labFolder(dir: string, network: string): string {
  return join(dir, network)
}

/** The record of the lab in this folder; undefined when there is none. */
export function readState(folder: string): LabState | undefined {
  const file = stateFile(folder)
  if (!existsSync(file)) return undefined
  const state: LabState = JSON.parse(readFileSync(file, 'utf8'))
  return state
}

/** The record of the lab in this folder, which must be up. */
export function requireState(folder: string): LabState {
  const state = readState(folder)
  if (state) return state
  throw new LabError('not_up', `No lab is recorded in ${folder}. Run: npm run lab -- up 3`)
}

/** Writes the record, whole or not at all. */
export async function writeState(state: LabState): Promise<void> {
  const file = stateFile(state.folder)
  await writeFile(`${file}.new`, `${JSON.stringify(state, undefined, 2)}\n`)
  await rename(`${file}.new`, file)
}

/** Part of the name of a folder that is being removed. */
export const REMOVED = '.removed-'

/** Every lab recorded under `dir`, whether wanted or abandoned. */
export async function recordedLabs(dir: string): Promise<LabState[]> {
  const names = existsSync(dir) ? await readdir(dir) : []
  return names
    .filter((name) => !name.includes(REMOVED))
    .map((name) => readState(join(dir, name)))
    .filter((state) => state !== undefined)
}

/** Whether this machine has restarted, or the process that wanted this lab has died, without taking it down. */
export function isAbandoned(state: LabState): boolean {
  return state.machineBoot !== machineBoot() || (state.owner !== undefined && !isAlive(state.owner))
}

/** Which boot of this machine this is. */
export function machineBoot(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
}

function stateFile(folder: string): string {
  return join(folder, 'state.json')
}
