/**
 * All that a lab has on this machine at one moment, to be looked for again later: the proof that `down` left nothing.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { sourceOf } from './host/mounts.ts'
import { isAlive, markOf, type ProcessMark, processesIn, readMarks } from './host/processes.ts'
import type { LabState } from './state.ts'

/** What a lab had when `lab.traces()` was called. */
export class Traces {
  readonly #state: LabState
  readonly #processes: readonly ProcessMark[]

  private constructor(state: LabState, processes: readonly ProcessMark[]) {
    this.#state = state
    this.#processes = processes
  }

  /** Notes everything a lab has now. */
  static async of(state: LabState): Promise<Traces> {
    const runners = state.hosts.flatMap((host) => readMarks(join(host.folder, 'pids')))
    const inside = await Promise.all(state.hosts.map(({ namespace }) => processesIn(namespace)))
    const marks = inside.flat().map(markOf)
    return new Traces(state, [...runners, ...marks.filter((mark) => mark !== undefined)].filter(isAlive))
  }

  /** What of it is still there, one sentence-like name each, as in "mount /var/lib/…/web1/root". */
  remaining(): string[] {
    const { bridge, folder, hosts, mounts } = this.#state
    const groups = hosts.flatMap(({ cgroups }) => cgroups)
    const links = [bridge, ...hosts.map(({ link }) => link)]
    return [
      ...this.#processes.filter(isAlive).map(({ pid }) => `process ${pid}`),
      ...mounts.filter((mount) => sourceOf(mount) !== undefined).map((mount) => `mount ${mount}`),
      ...hosts
        .filter(({ namespace }) => existsSync(`/run/netns/${namespace}`))
        .map((host) => `namespace ${host.namespace}`),
      ...links.filter((link) => existsSync(`/sys/class/net/${link}`)).map((link) => `interface ${link}`),
      ...groups.filter((group) => existsSync(group)).map((group) => `cgroup ${group}`),
      ...(existsSync(folder) ? [`folder ${folder}`] : []),
    ]
  }
}
