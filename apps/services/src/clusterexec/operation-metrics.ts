/**
 * Metrics of the operations that this process works on: how many began and ended, their hosts, and the duration of each step.
 * `docs/reference/metrics.md` lists them.
 */
import type { Operation, OperationHost } from '@commissaire/models'
import type { HostEntry, HostProgress, OperationEntry, StepName } from '@commissaire/rollout'
import { Counter, Histogram, type Registry } from 'prom-client'

/** Seconds, from taking a lock to an upgrade over a slow line. */
const buckets = [0.1, 0.5, 2, 10, 30, 60, 300, 900, 3600, 14_400]

type Kind = Operation['kind']

/** Counts the events of one operation. */
export interface OperationCounter {
  /** Counts an entry of the operation's journal. */
  appended(entry: OperationEntry): void
  /** Counts entries of a host's journal. `progress` is the state of the host after them. */
  appendedToHost(address: string, entries: readonly HostEntry[], progress: HostProgress): void
}

/** The metrics of all operations of one process. */
export class OperationMetrics {
  readonly #begun: Counter<'kind'>
  readonly #paused: Counter<'kind'>
  readonly #ended: Counter<'kind' | 'status'>
  readonly #hosts: Counter<'kind' | 'outcome' | 'step'>
  readonly #seconds: Histogram<'kind' | 'step' | 'outcome'>

  constructor(registry: Registry) {
    const registers = [registry]
    const counter = <Label extends string>(name: string, help: string, labelNames: Label[]) =>
      new Counter({ name: `commissaire_${name}`, help, labelNames, registers })
    this.#begun = counter('operations_begun_total', 'Operations that began', ['kind'])
    this.#paused = counter('operations_paused_total', 'Times that an operation came to a pause', ['kind'])
    this.#ended = counter('operations_ended_total', 'Operations that ended', ['kind', 'status'])
    this.#hosts = counter('operation_hosts_total', 'Hosts of operations that came to an end', [
      'kind',
      'outcome',
      'step',
    ])
    this.#seconds = new Histogram({
      name: 'commissaire_operation_step_seconds',
      help: 'Time that a step of a host took',
      labelNames: ['kind', 'step', 'outcome'],
      buckets,
      registers,
    })
  }

  /** Counts an operation that begins. */
  began(kind: Kind): void {
    this.#begun.inc({ kind })
  }

  /** Creates the counter of an operation that this process works on from now on. */
  counterOf({ kind }: Operation): OperationCounter {
    const clock = new StepClock()
    return {
      appended: (entry) => this.#count(kind, entry),
      appendedToHost: (address, entries, progress) => {
        for (const entry of entries) this.#time(kind, entry, clock.secondsOf(address, entry))
        this.#countHost(kind, entries.at(-1), progress)
      },
    }
  }

  #count(kind: Kind, entry: OperationEntry): void {
    if (entry.type === 'paused') this.#paused.inc({ kind })
    if (entry.type === 'ended') this.#ended.inc({ kind, status: entry.status })
  }

  #time(kind: Kind, entry: HostEntry, seconds: number | undefined): void {
    if (seconds === undefined || (entry.type !== 'step_done' && entry.type !== 'step_failed')) return
    const outcome = entry.type === 'step_done' ? 'done' : 'failed'
    this.#seconds.observe({ kind, step: entry.step, outcome }, seconds)
  }

  #countHost(kind: Kind, last: HostEntry | undefined, { state, failedAt }: HostProgress): void {
    if (!last || !mayEnd.has(last.type) || !isEnd(state)) return
    this.#hosts.inc({ kind, outcome: state, step: (state === 'failed' && failedAt) || '' })
  }
}

/** The types of entries that can end the work on a host. */
const mayEnd: ReadonlySet<HostEntry['type']> = new Set(['step_done', 'step_failed', 'turned_back', 'skipped'])

const isEnd = (state: OperationHost['state']) => state !== 'waiting' && state !== 'working'

/**
 * Measures the steps of hosts. A step that another process began is not measured, as the time in which no process worked on
 * it says nothing about the step.
 */
class StepClock {
  readonly #began = new Map<string, { readonly step: StepName; readonly at: number }>()

  /** The duration of the step that ends with this entry. */
  secondsOf(address: string, entry: HostEntry): number | undefined {
    const began = this.#began.get(address)
    if (entry.type === 'step_began') this.#began.set(address, { step: entry.step, at: entry.at })
    if (entry.type !== 'step_done' && entry.type !== 'step_failed') return undefined
    this.#began.delete(address)
    return began?.step === entry.step ? Math.max(0, entry.at - began.at) / 1000 : undefined
  }
}
