/** The metrics of a service: requests by method and outcome, their duration, and how many are in flight. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client'

type Label = 'service' | 'method'

/** The metrics of one service, in a registry that several services of one process may share. */
export class ServiceMetrics {
  readonly registry: Registry
  readonly #service: string
  readonly #requests: Counter<Label | 'outcome'>
  readonly #duration: Histogram<Label>
  readonly #inFlight: Gauge<Label>

  constructor(service: string, registry: Registry = new Registry()) {
    this.registry = registry
    this.#service = service
    this.#requests = getOrCreate(
      registry,
      'commissaire_requests_total',
      (name) =>
        new Counter({
          name,
          help: 'Messages handled',
          labelNames: ['service', 'method', 'outcome'],
          registers: [registry],
        }),
    )
    this.#duration = getOrCreate(
      registry,
      'commissaire_request_seconds',
      (name) =>
        new Histogram({
          name,
          help: 'Time in a handler',
          labelNames: ['service', 'method'],
          buckets,
          registers: [registry],
        }),
    )
    this.#inFlight = getOrCreate(
      registry,
      'commissaire_requests_in_flight',
      (name) =>
        new Gauge({
          name,
          help: 'Messages in hand',
          labelNames: ['service', 'method'],
          registers: [registry],
        }),
    )
  }

  /** Counts a message as in flight. The returned function counts its outcome. */
  begin(method: string): (outcome: string) => void {
    const labels = { service: this.#service, method }
    const stop = this.#duration.startTimer(labels)
    this.#inFlight.inc(labels)
    return (outcome) => {
      stop()
      this.#inFlight.dec(labels)
      this.#requests.inc({ ...labels, outcome })
    }
  }
}

/** The metrics of a manager about its children at this moment. */
export function processMetrics(service: string, status: Readonly<Record<string, number>>): Registry {
  const registry = new Registry()
  const registers = [registry]
  const processes = { name: 'commissaire_processes', help: 'Child processes by state' }
  const restarts = {
    name: 'commissaire_process_restarts_total',
    help: 'Child processes that ended and were replaced',
  }
  const gauge = new Gauge({ ...processes, labelNames: ['service', 'state'], registers })
  const counter = new Counter({ ...restarts, labelNames: ['service'], registers })
  for (const [state, count] of Object.entries(status)) {
    if (state === 'restarts') counter.inc({ service }, count)
    else gauge.set({ service, state }, count)
  }
  return registry
}

const buckets = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60, 600]

/** Returns the metric of that name or creates it: a registry rejects a second one, and services of one process share it. */
function getOrCreate<Metric>(registry: Registry, name: string, make: (name: string) => Metric): Metric {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only this file makes metrics of these names
  return (registry.getSingleMetric(name) as Metric | undefined) ?? make(name)
}
