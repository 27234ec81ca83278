/**
 * One timer for everything that has a deadline.
 *
 * A call over the bus takes a fraction of a millisecond and its time limit is ten seconds, so nearly every deadline is
 * removed before it passes. Adding and removing one costs two operations on a set. Deadlines expire in steps of
 * `resolution`, never early.
 */

/** Something that has a deadline. */
export interface Expiring {
  /** Milliseconds since 1970. */
  readonly dueAt: number
  /** Called once, when the deadline has passed. */
  expire(): void
}

const resolution = 10

/** Deadlines, in slots of equal length. Keeps the process alive while it holds one. */
export class Deadlines {
  readonly #slots = new Map<number, Set<Expiring>>()
  #count = 0
  #timer: NodeJS.Timeout | undefined
  #armedFor = Number.POSITIVE_INFINITY

  add(item: Expiring): void {
    const slot = slotOf(item)
    const items = this.#slots.get(slot)
    if (items) items.add(item)
    else this.#slots.set(slot, new Set([item]))
    if (this.#count++ === 0) this.#timer?.ref()
    if (slot < this.#armedFor) this.#arm(slot)
  }

  /** Removes a deadline. Does nothing when it has already passed. */
  delete(item: Expiring): void {
    if (this.#slots.get(slotOf(item))?.delete(item) && --this.#count === 0) this.#timer?.unref()
  }

  /** Removes all deadlines. */
  clear(): void {
    clearTimeout(this.#timer)
    this.#slots.clear()
    this.#count = 0
    this.#armedFor = Number.POSITIVE_INFINITY
  }

  #arm(slot: number): void {
    clearTimeout(this.#timer)
    this.#armedFor = slot
    this.#timer = setTimeout(
      () => this.#tick(),
      Math.max(0, Math.min(slot * resolution - Date.now(), 2 ** 31 - 1)),
    )
    if (this.#count === 0) this.#timer.unref()
  }

  #tick(): void {
    const now = Math.floor(Date.now() / resolution)
    const due: Expiring[] = []
    let next = Number.POSITIVE_INFINITY
    for (const [slot, items] of this.#slots) {
      if (slot <= now) {
        this.#slots.delete(slot)
        due.push(...items)
      } else if (items.size === 0) this.#slots.delete(slot)
      else next = Math.min(next, slot)
    }
    this.#count -= due.length
    this.#armedFor = Number.POSITIVE_INFINITY
    if (next < Number.POSITIVE_INFINITY) this.#arm(next)
    for (const item of due) item.expire()
  }
}

function slotOf(item: Expiring): number {
  return Math.ceil(item.dueAt / resolution)
}
