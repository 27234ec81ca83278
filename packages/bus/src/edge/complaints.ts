/**
 * Logs what peers do wrong, at most one line a second for equal complaints, with their count. So a peer that sends a
 * thousand bad messages a second causes one line a second.
 */

import type { Logger } from '../logger.ts'

const INTERVAL = 1_000
/** How many different complaints are counted separately within one interval; the others are counted together. */
const KINDS = 100

interface Complaint {
  readonly facts: Record<string, unknown>
  readonly message: string
  count: number
}

/** The complaints of one connection. */
export class Complaints {
  readonly #log: Logger
  readonly #waiting = new Map<string, Complaint>()
  #timer: NodeJS.Timeout | undefined

  constructor(log: Logger) {
    this.#log = log
  }

  /** Logs the first complaint of its kind at once, and the number of further ones after a second. */
  warn(facts: { readonly queue?: string; readonly [fact: string]: unknown }, message: string): void {
    const kind = `${facts.queue ?? ''}\n${message}`
    const known = this.#waiting.get(kind) ?? this.#waiting.get(message)
    if (known) known.count++
    else this.#begin(this.#waiting.size < KINDS ? kind : message, { facts, message, count: 0 })
  }

  /** Logs the counts that have not been logged. */
  close(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#flush()
  }

  #begin(kind: string, complaint: Complaint): void {
    this.#log.warn(complaint.facts, complaint.message)
    this.#waiting.set(kind, complaint)
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#flush()
    }, INTERVAL).unref()
  }

  #flush(): void {
    const complaints = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const { facts, message, count } of complaints)
      if (count > 0) this.#log.warn({ ...facts, count }, message)
  }
}
