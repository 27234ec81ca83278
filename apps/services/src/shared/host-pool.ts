/** Opens the pool of connections to hosts of one process, with its metrics. */
import { HostScheduler, RemotePool, type SchedulerObserver, workKinds } from '@commissaire/hosts'
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

/** How the pool of a process is opened. */
export interface HostPoolOptions {
  /** How many handshakes and commands run at a time; by default the limit adapts to what comes back. */
  readonly sshLimit?: number | undefined
  /** Receives the metrics of the work on hosts. */
  readonly metrics: Registry
}

/** Opens a pool. Throws `RangeError` for a limit below 1. */
export function openHostPool({ sshLimit, metrics }: HostPoolOptions): RemotePool {
  const isFirst = metrics.getSingleMetric('commissaire_ssh_limit') === undefined
  const observer = isFirst ? observeInto(metrics) : undefined
  const scheduler = new HostScheduler({ limit: sshLimit, observer })
  if (isFirst) registerGauges(metrics, scheduler)
  return new RemotePool({ scheduler })
}

function observeInto(metrics: Registry): SchedulerObserver {
  const registers = [metrics]
  const wait = new Histogram({
    name: 'commissaire_ssh_wait_seconds',
    help: 'Time that a handshake or a command waited for its slot',
    labelNames: ['kind'],
    buckets: [0.01, 0.1, 1, 10, 60, 600],
    registers,
  })
  const givenUp = new Counter({
    name: 'commissaire_ssh_given_up_total',
    help: 'Handshakes and commands that were given up, while they waited for a slot or after they ran too long',
    labelNames: ['kind', 'when'],
    registers,
  })
  return {
    waited: (kind, ms) => wait.observe({ kind }, ms / 1000),
    gaveUp: (kind, when) => givenUp.inc({ kind, when }),
  }
}

function registerGauges(metrics: Registry, scheduler: HostScheduler): void {
  const limit: Gauge = new Gauge({
    name: 'commissaire_ssh_limit',
    help: 'Handshakes and commands that may run on hosts at a time',
    registers: [],
    collect: () => limit.set(scheduler.limit),
  })
  const running: Gauge = new Gauge({
    name: 'commissaire_ssh_running',
    help: 'Handshakes and commands that run on hosts',
    registers: [],
    collect: () => running.set(scheduler.running),
  })
  const waiting: Gauge = new Gauge({
    name: 'commissaire_ssh_waiting',
    help: 'Handshakes and commands that wait for a slot',
    labelNames: ['kind'],
    registers: [],
    collect: () => workKinds.forEach((kind) => waiting.set({ kind }, scheduler.waiting[kind])),
  })
  for (const gauge of [limit, running, waiting]) metrics.registerMetric(gauge)
}
