/**
 * The hosts that this process checks, with a timer for each and a limit on how many are checked at a time.
 *
 * A timer is cheap: thousands of hosts wait here without holding a message, a connection or a task.
 */
import type { WatcherRecord } from '@commissaire/models'

/** What a watch list needs. */
export interface WatchListDeps {
  /** Checks one host. Returns its new record if it is to be checked again. Must not throw. */
  readonly check: (address: string, entry: WatchEntry) => Promise<WatcherRecord | undefined>
  /** Called with that record after the host is removed from the list. */
  readonly onChecked: (record: WatcherRecord) => Promise<void>
  /** How many hosts are checked at a time. */
  readonly concurrency: number
}

/** Why a host is on the list. */
export interface WatchEntry {
  /** `record`: its record was taken from the queue. `sweep`: it is stored, and no record was seen for it. */
  readonly by: 'record' | 'sweep'
}

interface WaitingEntry extends WatchEntry {
  readonly timer: NodeJS.Timeout
}

/** The hosts of one watcher, each at most once. */
export class WatchList {
  readonly #deps: WatchListDeps
  readonly #waiting = new Map<string, WaitingEntry>()
  readonly #due = new Map<string, WatchEntry>()
  readonly #checking = new Map<string, Promise<void>>()
  #closed = false

  constructor(deps: WatchListDeps) {
    this.#deps = deps
  }

  /** How many hosts are on the list. */
  get size(): number {
    return this.#waiting.size + this.#due.size + this.#checking.size
  }

  has(address: string): boolean {
    return this.#waiting.has(address) || this.#due.has(address) || this.#checking.has(address)
  }

  /** Adds a host unless it is listed. An entry by record replaces one by sweep. */
  add(address: string, { after, by }: WatchEntry & { after: number }): void {
    const swept = by === 'record' && this.#waiting.get(address)?.by === 'sweep'
    if (this.#closed || (this.has(address) && !swept)) return
    this.#unset(address)
    const timer = setTimeout(() => this.#isDue(address, { by }), Math.max(0, after))
    this.#waiting.set(address, { by, timer })
  }

  /** Starts no further check, waits for those in progress, and returns the hosts whose records were held. */
  async close(): Promise<string[]> {
    this.#closed = true
    const held = [...this.#waiting, ...this.#due].filter(([, { by }]) => by === 'record')
    for (const address of this.#waiting.keys()) this.#unset(address)
    this.#due.clear()
    await Promise.all(this.#checking.values())
    return held.map(([address]) => address)
  }

  #unset(address: string): void {
    clearTimeout(this.#waiting.get(address)?.timer)
    this.#waiting.delete(address)
  }

  #isDue(address: string, entry: WatchEntry): void {
    this.#waiting.delete(address)
    this.#due.set(address, entry)
    this.#checkNext()
  }

  #checkNext(): void {
    if (this.#checking.size >= this.#deps.concurrency) return
    const [next] = this.#due
    if (!next) return
    this.#due.delete(next[0])
    this.#checking.set(next[0], this.#check(...next))
  }

  /** Removes the host before its record is published, as the record may come back at once. */
  async #check(address: string, entry: WatchEntry): Promise<void> {
    const record = await this.#deps.check(address, entry)
    this.#checking.delete(address)
    this.#checkNext()
    if (record) await this.#deps.onChecked(record)
  }
}
