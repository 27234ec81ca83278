/**
 * Which hosts this process is to look at, and when: a timer for each, and only so many looks at once.
 *
 * A timer costs next to nothing, so thousands of hosts wait here without holding a message, a connection or a task.
 */

import type { WatcherRecord } from '@commissaire/models'

/** How a watch list works. */
export interface WatchListOptions {
  /** Looks at one host, and gives its new record where it is to be looked at again. Must not throw. */
  readonly look: (address: string, turn: Turn) => Promise<WatcherRecord | undefined>
  /** Called with that record when the host is off the list. */
  readonly again: (record: WatcherRecord) => Promise<void>
  /** How many hosts are looked at at a time. */
  readonly concurrency: number
}

/** Why a host is on the list. */
export interface Turn {
  /** Its record came round; or nobody's record was seen for it, and it is here to be safe. */
  readonly by: 'record' | 'sweep'
}

interface Waiting extends Turn {
  readonly timer: NodeJS.Timeout
}

/** The hosts of one watcher. A host is on it at most once. */
export class WatchList {
  readonly #options: WatchListOptions
  readonly #waiting = new Map<string, Waiting>()
  readonly #due = new Map<string, Turn>()
  readonly #looking = new Map<string, Promise<void>>()
  #closed = false

  constructor(options: WatchListOptions) {
    this.#options = options
  }

  /** How many hosts are on it. */
  get size(): number {
    return this.#waiting.size + this.#due.size + this.#looking.size
  }

  has(address: string): boolean {
    return this.#waiting.has(address) || this.#due.has(address) || this.#looking.has(address)
  }

  /** Puts a host on the list, unless it is there. A record takes the place of a sweep. */
  add(address: string, { after, by }: Turn & { after: number }): void {
    const swept = by === 'record' && this.#waiting.get(address)?.by === 'sweep'
    if (this.#closed || (this.has(address) && !swept)) return
    this.#unset(address)
    const timer = setTimeout(() => this.#isDue(address, { by }), Math.max(0, after))
    this.#waiting.set(address, { by, timer })
  }

  /** Looks at nobody any more, waits for the looks in hand, and gives the hosts whose records were held. */
  async close(): Promise<string[]> {
    this.#closed = true
    const held = [...this.#waiting, ...this.#due].filter(([, { by }]) => by === 'record')
    for (const address of this.#waiting.keys()) this.#unset(address)
    this.#due.clear()
    await Promise.all(this.#looking.values())
    return held.map(([address]) => address)
  }

  #unset(address: string): void {
    clearTimeout(this.#waiting.get(address)?.timer)
    this.#waiting.delete(address)
  }

  #isDue(address: string, turn: Turn): void {
    this.#waiting.delete(address)
    this.#due.set(address, turn)
    this.#lookAtNext()
  }

  #lookAtNext(): void {
    if (this.#looking.size >= this.#options.concurrency) return
    const [next] = this.#due
    if (!next) return
    this.#due.delete(next[0])
    this.#looking.set(next[0], this.#look(...next))
  }

  /** Off the list before its record is sent round, as the record may be back at once. */
  async #look(address: string, turn: Turn): Promise<void> {
    const record = await this.#options.look(address, turn)
    this.#looking.delete(address)
    this.#lookAtNext()
    if (record) await this.#options.again(record)
  }
}
