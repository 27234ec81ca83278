/**
 * What a scenario may use, however many processes there are: the REST API, hosts to manage, and the switch of each part.
 */
import type { Bus } from '@commissaire/bus'
import type { Fleet } from './fleet.ts'

/** What the server answered. */
export interface Answer<T = unknown> {
  readonly status: number
  readonly body: T
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
  /** Asks the server, as the operator. */
  api<T>(method: string, path: string, body?: unknown): Promise<Answer<T>>
  /** Kills every process of the part as a power cut would, and starts it again. */
  restart(part: string): Promise<void>
  /** What the part has logged so far. */
  log(part: string): string
}
