/**
 * Bounds the work on hosts of one process: only so many handshakes and commands run at a time, the rest waits in one queue.
 *
 * A slow network, a machine behind many hosts, or this process itself may be the bottleneck; none of them gets faster by
 * more work at once. A time limit therefore counts from the moment the work has a slot.
 */
import { HostError } from '../errors.ts'
import { type Answer, Latency } from './latency.ts'
import { AdaptiveLimit, FixedLimit } from './limit.ts'
import { type Waiting, WorkQueue } from './work-queue.ts'
import { type Work, type WorkKind, workKinds } from './work.ts'

/** How the work on hosts is bounded. */
export interface SchedulerOptions {
  /** A fixed limit of handshakes and commands at a time; by default the limit adapts to what comes back. */
  readonly limit?: number | undefined
  /** Told of each piece of work when it gets its slot, and of each that is given up. */
  readonly observer?: SchedulerObserver | undefined
}

/** Is told what happens to work. */
export interface SchedulerObserver {
  /** Milliseconds that a piece of work waited for its slot. */
  waited?(kind: WorkKind, ms: number): void
  /** A piece of work was given up: while it `waited` for a slot, or after it `ran` for too long. */
  gaveUp?(kind: WorkKind, when: 'waited' | 'ran'): void
}

/** How a piece of work ended, for the limit. */
export interface SlotOutcome {
  /** What was answered, and how long it may take. Left out: the time says nothing about the load. */
  readonly answered?: Omit<Answer, 'ms'>
  /** No answer came in time from a host that had answered before. */
  readonly timedOut?: boolean
}

/** A place to work. */
export interface Slot {
  /** Gives the slot back; a second call does nothing. */
  leave(outcome?: SlotOutcome): void
}

/** Work with the moment at which the whole began of which it is a part. */
export type OrderedWork = Work & { readonly order?: number }

/** Milliseconds after which work is told that it waits. */
const NOTICE = 1000

/** Gives out slots. */
export class HostScheduler {
  readonly #limit: AdaptiveLimit | FixedLimit
  readonly #observer: SchedulerObserver
  readonly #queue = new WorkQueue()
  readonly #latency = new Latency()
  #running = 0
  #order = 0

  constructor({ limit, observer = {} }: SchedulerOptions = {}) {
    if (limit !== undefined && !(Number.isInteger(limit) && limit > 0))
      throw new RangeError(`The limit of work on hosts is ${limit}; it must be a whole number of at least 1`)
    this.#limit = limit === undefined ? new AdaptiveLimit() : new FixedLimit(limit)
    this.#observer = observer
  }

  /** How much may run at a time now. */
  get limit(): number {
    return this.#limit.value
  }

  /** How much runs now. */
  get running(): number {
    return this.#running
  }

  /** Whether so much runs or waits that a late answer may be the fault of the load. */
  get isBusy(): boolean {
    return this.#queue.size > 0 || this.#running >= this.limit / 2
  }

  /** How much of each kind waits now. */
  get waiting(): Readonly<Record<WorkKind, number>> {
    const counts = workKinds.map((kind): [WorkKind, number] => [kind, this.#queue.count(kind)])
    return Object.fromEntries(counts) as Record<WorkKind, number>
  }

  /** A number for work that begins now, later than all before it. */
  nextOrder(): number {
    return (this.#order += 1)
  }

  /** Resolves when there is a slot. Rejects with `cancelled` when the signal is aborted before. */
  async enter(work: OrderedWork = {}, signal?: AbortSignal): Promise<Slot> {
    const kind = work.kind ?? 'request'
    if (signal?.aborted) throw this.#givenUp(kind, signal)
    const since = performance.now()
    if (this.#running < this.limit && this.#queue.size === 0) this.#running += 1
    else await this.#wait({ ...work, kind }, since, signal)
    this.#observer.waited?.(kind, performance.now() - since)
    return this.#slot(kind)
  }

  #wait(
    work: OrderedWork & { kind: WorkKind },
    since: number,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { kind, cluster = '', order = this.nextOrder(), onWait } = work
    return new Promise((resolve, reject) => {
      const notice = onWait && setTimeout(onWait, NOTICE)
      const giveUp = (): void => {
        clearTimeout(notice)
        this.#queue.remove(waiting)
        reject(this.#givenUp(kind, signal))
      }
      const admit = (): void => {
        clearTimeout(notice)
        signal?.removeEventListener('abort', giveUp)
        resolve()
      }
      const waiting: Waiting = { kind, cluster, order, since, admit }
      this.#queue.add(waiting)
      signal?.addEventListener('abort', giveUp, { once: true })
    })
  }

  #slot(kind: WorkKind): Slot {
    const started = performance.now()
    let isHeld = true
    return {
      leave: (outcome = {}) => {
        if (!isHeld) return
        isHeld = false
        this.#learn(outcome, performance.now() - started)
        if (outcome.timedOut) this.#observer.gaveUp?.(kind, 'ran')
        this.#running -= 1
        this.#admit()
      },
    }
  }

  #learn({ answered, timedOut = false }: SlotOutcome, ms: number): void {
    const slowness = answered ? this.#latency.record({ ...answered, ms }) : 1
    this.#limit.record({ slowness, timedOut, running: this.#running })
  }

  #admit(): void {
    while (this.#running < this.limit) {
      const next = this.#queue.take()
      if (!next) return
      this.#running += 1
      next.admit()
    }
  }

  #givenUp(kind: WorkKind, signal: AbortSignal | undefined): HostError {
    this.#observer.gaveUp?.(kind, 'waited')
    return new HostError('cancelled', 'Waiting for a free slot was given up', { cause: signal?.reason })
  }
}
