/**
 * What a scenario may use, however many processes there are: the REST API, hosts to manage, and the switch of each part.
 */
import type { Bus } from '@commissaire/bus'
import type { Fleet } from './fleet.ts'
import type { Program } from './program.ts'

/** What the server answered. */
export interface Answer<T = unknown> {
  readonly status: number
  readonly body: T
}

/** A server that the world stands on, a broker or a store. */
export interface Standing {
  kill(): Promise<void>
  resume(): Promise<void>
  signal(signal: NodeJS.Signals): void
}

/** A running Commissaire with hosts of its own. */
export interface World extends AsyncDisposable {
  /** The parts that can die alone. */
  readonly parts: readonly string[]
  readonly hosts: Fleet
  /** A connection of ours to its bus; undefined where that is inside of one process. */
  readonly bus: Bus | undefined
  /** Where its bus is, for those who write below it. */
  readonly busUrl?: string
  /** Its processes by part, each of which can be killed alone. */
  readonly programs?: ReadonlyMap<string, readonly Program[]>
  /** The servers that it stands on, by name. */
  readonly standings?: Readonly<Record<string, Standing>>
  /** Asks the server, as the operator. */
  api<T>(method: string, path: string, body?: unknown): Promise<Answer<T>>
  /** Kills every process of the part as a power cut would, and starts it again. */
  restart(part: string): Promise<void>
  /** What the part has logged so far. */
  log(part: string): string
}
