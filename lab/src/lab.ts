/**
 * A lab: some real hosts on this machine, built, held by whoever asked for them, and taken away without a trace.
 *
 * A lab belongs to the process that brought it up. When that dies, the next `Lab.up` clears what it left.
 */
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { baseTree } from './image/base-tree.ts'
import { mostDownAtOnce } from './host/boot-log.ts'
import { build } from './build.ts'
import { LabError } from './errors.ts'
import { familyNamed } from './family.ts'
import { LabHost } from './host/host.ts'
import { withLock } from './lock.ts'
import { prepareMachine } from './host/machine.ts'
import { freeNetwork, type HostWish, networkInUse, networkOf, plan } from './plan.ts'
import { markOf } from './host/processes.ts'
import { addPackage, type Publication, publish } from './image/repository.ts'
import { checkRequirements } from './requirements.ts'
import { privateKeyFile } from './ssh-key.ts'
import { defaultDir, labFolder, type LabState, readState, requireState, writeState } from './state.ts'
import { type StandInPackage, standInPackages } from './image/stand-in-packages.ts'
import { clearAbandoned, lockOf, takeAllDown } from './take-down.ts'
import { Traces } from './traces.ts'

/** What a lab is to be. */
export interface LabOptions {
  /** How many Debian hosts; or name each of them in `hosts`. */
  readonly count?: number
  readonly hosts?: readonly HostWish[]
  /** Such as "10.77.0.0/24". Default: the first free one of 10.77.1 to 10.77.254, so that labs may stand side by side. */
  readonly subnet?: string
  /** Where labs and their records are kept; default `/var/lib/commissaire-lab`. */
  readonly dir?: string
  /** Where the base tree is kept; default `/var/cache/commissaire-lab`. */
  readonly cache?: string
  /** How much each host can write, as mount writes it; in memory, taken only when used. Default "256m". */
  readonly diskSize?: string
  /** The lab stays when this process ends. */
  readonly detached?: boolean
  readonly progress?: (line: string) => void
  readonly signal?: AbortSignal
}

/** Some hosts and what belongs to them. */
export class Lab implements AsyncDisposable {
  readonly hosts: readonly LabHost[]
  /** Its folder, with the record, the key, the repository and the hosts. */
  readonly folder: string
  /** Such as "10.77.0.0/24". */
  readonly subnet: string
  /** Opens root, `ops` (sudo without a password) and `guest` (no sudo) on every host. */
  readonly privateKeyPath: string
  readonly #dir: string
  readonly #state: LabState

  private constructor(state: LabState, dir: string) {
    this.#state = state
    this.folder = state.folder
    this.subnet = `${state.network}.0/24`
    this.privateKeyPath = privateKeyFile(state.folder)
    this.hosts = state.hosts.map((record) => new LabHost(record, state))
    this.#dir = dir
  }

  /** Builds a lab and returns when a login on every host has worked. Leaves nothing behind when it fails. */
  static async up(options: LabOptions = {}): Promise<Lab> {
    checkRequirements()
    for (const { family } of options.hosts ?? []) if (family) familyNamed(family)
    const base = await baseTree(options)
    const state = await claim(base, options)
    const dir = options.dir ?? defaultDir
    try {
      await build(state, { diskSize: options.diskSize ?? '256m' })
      options.progress?.(`${state.hosts.length} hosts are booting on ${state.network}.0/24`)
      const lab = new Lab(state, dir)
      await Promise.all(
        lab.hosts.map((host) => host.waitUntilUp(options.signal && { signal: options.signal })),
      )
      if (options.detached) await release(state)
      return lab
    } catch (error) {
      await takeAllDown(dir, [state])
      throw error
    }
  }

  /** The lab that already stands on a subnet. */
  static async open(options: { subnet: string; dir?: string }): Promise<Lab> {
    const dir = options.dir ?? defaultDir
    return new Lab(requireState(labFolder(dir, networkOf(options.subnet))), dir)
  }

  /** The host of this name. */
  host(name: string): LabHost {
    const host = this.hosts.find((host) => host.name === name)
    if (host) return host
    const names = this.hosts.map(({ name }) => name).join(', ')
    throw new LabError('no_such_host', `This lab has no host "${name}"; it has ${names}.`)
  }

  /** Puts a version of the probe package into the repository of the hosts; they start with version 1. */
  async publish(publication: Publication): Promise<void> {
    await publish(join(this.folder, 'repository'), publication)
  }

  /** Puts stand-ins for packages into the repository of the hosts, by the names of the real ones. */
  async offer(...names: readonly StandInPackage[]): Promise<void> {
    for (const name of names) await addPackage(join(this.folder, 'repository'), standInPackages[name])
  }

  /** The largest number of hosts that were down at the same time, once all had come up. */
  mostDownAtOnce(): number {
    return mostDownAtOnce(this.hosts.map((host) => host.bootLog()))
  }

  /** All that the lab has on this machine now; ask it for what remains after `down()`. */
  traces(): Promise<Traces> {
    return Traces.of(this.#state)
  }

  /** Takes the lab away. A second call does nothing. */
  async down(): Promise<void> {
    const state = readState(this.folder)
    await takeAllDown(this.#dir, state ? [state] : [])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.down()
  }
}

/** Chooses a network and records the whole plan, while nobody else can choose the same. */
async function claim(base: string, options: LabOptions): Promise<LabState> {
  const { dir = defaultDir, subnet } = options
  const wishes = options.hosts ?? Array.from({ length: options.count ?? 1 }, () => ({}))
  return withLock(lockOf(dir), async () => {
    await clearAbandoned(dir)
    const network = subnet === undefined ? freeNetwork(dir) : networkOf(subnet)
    refuseTaken(dir, network)
    const state = { ...plan({ dir, network, base, wishes }), owner: owner() }
    await mkdir(state.folder, { recursive: true })
    await writeState(state)
    await prepareMachine()
    return state
  })
}

/** From here on the lab stands whether or not this process lives. */
async function release(state: LabState): Promise<void> {
  const { owner: _, ...standing } = state
  await writeState(standing)
}

function refuseTaken(dir: string, network: string): void {
  if (existsSync(labFolder(dir, network)) && readState(labFolder(dir, network)))
    throw new LabError(
      'already_up',
      `A lab is already up on ${network}.0/24. See it with "npm run lab -- list", take it away with "npm run lab -- down".`,
    )
  if (networkInUse(network))
    throw new LabError(
      'subnet_taken',
      `This machine uses ${network}.0/24 for something else. Choose another: --subnet 10.78.0.0/24`,
    )
}

function owner(): NonNullable<LabState['owner']> {
  const mark = markOf(process.pid)
  if (mark) return mark
  throw new LabError('not_possible_here', 'The lab could not find its own process in /proc.')
}
