/**
 * Work that waits for a slot: by kind, within a kind clusters take turns, and within a cluster what began first is
 * finished first. Every eighth place goes to what has waited longest, so that no kind waits for ever.
 */
import { type WorkKind, workKinds } from './work.ts'

/** A piece of work that waits. */
export interface Waiting {
  readonly kind: WorkKind
  readonly cluster: string
  /** When the whole of which it is a part began: a smaller number is earlier. */
  readonly order: number
  /** When it began to wait, in milliseconds of `performance.now()`. */
  readonly since: number
  readonly admit: () => void
}

/** One place in so many goes to what has waited longest. */
const FAIR = 8

/** A queue. Adding, removing and taking cost as much as the clusters that wait, not as the work. */
export class WorkQueue {
  readonly #lanes = new Map<WorkKind, Map<string, Waiting[]>>(workKinds.map((kind) => [kind, new Map()]))
  #taken = 0
  #size = 0

  get size(): number {
    return this.#size
  }

  /** How much of a kind waits. */
  count(kind: WorkKind): number {
    let sum = 0
    for (const waiting of this.#clusters(kind).values()) sum += waiting.length
    return sum
  }

  add(work: Waiting): void {
    const clusters = this.#clusters(work.kind)
    const waiting = clusters.get(work.cluster) ?? []
    clusters.set(work.cluster, waiting)
    const later = waiting.findLastIndex((each) => each.order <= work.order)
    waiting.splice(later + 1, 0, work)
    this.#size += 1
  }

  /** Returns whether the work was waiting. */
  remove(work: Waiting): boolean {
    const clusters = this.#clusters(work.kind)
    const waiting = clusters.get(work.cluster)
    const index = waiting?.indexOf(work) ?? -1
    if (!waiting || index < 0) return false
    waiting.splice(index, 1)
    if (waiting.length === 0) clusters.delete(work.cluster)
    this.#size -= 1
    return true
  }

  /** Removes and returns what is served next; undefined when nothing waits. */
  take(): Waiting | undefined {
    this.#taken += 1
    const next = this.#taken % FAIR === 0 ? this.#longest() : this.#mostUrgent()
    if (next) this.remove(next)
    return next
  }

  #mostUrgent(): Waiting | undefined {
    for (const clusters of this.#lanes.values()) {
      const [first] = clusters
      if (!first) continue
      // The cluster goes to the end of the turn.
      const [cluster, waiting] = first
      clusters.delete(cluster)
      clusters.set(cluster, waiting)
      return waiting[0]
    }
    return undefined
  }

  #longest(): Waiting | undefined {
    let longest: Waiting | undefined
    for (const clusters of this.#lanes.values())
      for (const [first] of clusters.values())
        if (first && (!longest || first.since < longest.since)) longest = first
    return longest
  }

  #clusters(kind: WorkKind): Map<string, Waiting[]> {
    const clusters = this.#lanes.get(kind)
    if (!clusters) throw new TypeError(`"${kind}" is no kind of work`)
    return clusters
  }
}
