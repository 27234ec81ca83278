/**
 * Runs one service in several processes: starts this program again for each, restarts those that end, drains all of them
 * on SIGTERM, and replaces them one at a time on SIGHUP without interrupting the service.
 */
import type { Logger } from '@commissaire/bus'
import { AggregatorRegistry } from 'prom-client'
import { defaultRestartPolicy, type RestartPolicy } from './backoff.ts'
import { Child, type ChildState } from './child.ts'
import type { ProcessMetrics, ReportedError } from './child-messages.ts'
import type { CommissaireService } from '../service/commissaire-service.ts'
import { createLog } from '../observability/log.ts'
import { type HealthServer, serveHealth } from '../observability/health.ts'
import { managerOfThisProcess, runAsChild } from './run-as-child.ts'
import { processMetrics } from '../observability/metrics.ts'
import { notifySystemd } from '../program/notify-ready.ts'
import { WorkerSlot } from './worker-slot.ts'
import { kebab } from '../service/queues.ts'
import { defaultDrainTimeout, type ServiceOptions } from '../service/service-options.ts'
import { exitGrace, StopRequest } from './stop-request.ts'

/** The options of the service, its class, and how many processes run it. */
export type ServiceManagerOptions<Options extends ServiceOptions = ServiceOptions> = Options & {
  readonly serviceClass: new (options: Options) => CommissaireService<Options>
  readonly processCount: number
  /** How soon children that end are started again. */
  readonly restart?: Partial<RestartPolicy>
  /** How many milliseconds a child may take to become ready; default 60 000. A child that takes longer is killed. */
  readonly readyTimeout?: number
}

let managers = 0

/** Runs a service in several processes. Takes the options of the service, and two more. */
export class ServiceManager<Options extends ServiceOptions = ServiceOptions> {
  readonly log: Logger
  readonly #ordinal = ++managers
  readonly #options: ServiceManagerOptions<Options>
  readonly #name: string
  readonly #stopping = new AbortController()
  #slots: readonly WorkerSlot[] = []
  #replacing: Promise<void> = Promise.resolve()

  constructor(options: ServiceManagerOptions<Options>) {
    const { processCount, serviceClass } = options
    if (!Number.isSafeInteger(processCount) || processCount < 1) {
      throw new RangeError(`processCount is ${processCount}; it must be a whole number, 1 or more`)
    }
    this.#options = options
    this.#name = serviceClass.name
    this.log = options.log ?? createLog({ name: `${kebab(serviceClass.name)}-manager` })
  }

  /** The number of children in each state, and how often a child was started again. */
  get status(): Record<ChildState | 'restarts', number> {
    const counts = { starting: 0, running: 0, stopping: 0, gone: 0, restarts: 0 }
    for (const { child, restarts } of this.#slots) {
      counts[child.state]++
      counts.restarts += restarts
    }
    return counts
  }

  /** Runs the children until SIGTERM, SIGINT or the given signal, then drains them. In a child process, runs the service. */
  async run({ signal }: { signal?: AbortSignal } = {}): Promise<void> {
    const manager = managerOfThisProcess()
    if (manager === this.#ordinal) return runAsChild(() => this.#makeService())
    // This process is a child of another manager of the same program, so this manager stays idle.
    if (manager !== undefined) return new Promise<void>(() => {})
    using stop = new StopRequest({ signal, beforeEnd: () => this.#killAll() })
    await using _health = await this.#serveHealth()
    process.on('SIGHUP', this.#onHangup)
    try {
      await this.#manage(stop)
    } finally {
      process.removeListener('SIGHUP', this.#onHangup)
    }
  }

  /** Replaces all children, one at a time: each new child is ready before the old one drains. SIGHUP calls it. */
  replaceAll(): Promise<void> {
    this.#replacing = this.#replacing.then(() => this.#replaceEach())
    return this.#replacing
  }

  /** The metrics of all children, aggregated, in the text format of Prometheus. */
  async metrics(): Promise<string> {
    const answers = await Promise.all(this.#slots.map(({ child }) => child.metrics(1_000)))
    const metrics = answers.filter((each): each is ProcessMetrics => each !== undefined)
    const own = await processMetrics(kebab(this.#name), this.status).metrics()
    return `${await AggregatorRegistry.aggregate(metrics).metrics()}${own}`
  }

  #serveHealth(): Promise<HealthServer | undefined> {
    const { healthListen } = this.#options
    if (healthListen === undefined) return Promise.resolve(undefined)
    return serveHealth(healthListen, {
      isReady: () => this.status.running > 0,
      describe: () => ({ service: this.#name, pid: process.pid, processes: this.status }),
      metrics: () => this.metrics(),
    })
  }

  #makeService(): CommissaireService<Options> {
    return new this.#options.serviceClass(this.#options)
  }

  async #manage(stop: StopRequest): Promise<void> {
    const { processCount } = this.#options
    this.#slots = Array.from({ length: processCount }, (_, index) => this.#makeSlot(index + 1))
    const running = Promise.all(this.#slots.map((slot) => slot.run()))
    void this.#reportReady()
    const by = await stop.asked
    this.log.info({ by, ...this.status }, `${this.#name} is stopping`)
    this.#stopping.abort()
    void notifySystemd(this.log, 'STOPPING=1', `stopping: ${by}`)
    await Promise.all([running, ...this.#slots.map((slot) => slot.drain())])
    this.log.info({}, `${this.#name} has stopped`)
  }

  #makeSlot(number: number): WorkerSlot {
    const { restart, readyTimeout = 60_000, drainTimeout = defaultDrainTimeout } = this.#options
    return new WorkerSlot(number, {
      start: () => new Child(this.#ordinal, { onRejection: (error) => this.#logRejection(number, error) }),
      log: this.log,
      restart: { ...defaultRestartPolicy, ...restart },
      readyTimeout,
      stopTimeout: drainTimeout + exitGrace,
      signal: this.#stopping.signal,
    })
  }

  /** Logs once that all children are ready, and notifies systemd. */
  async #reportReady(): Promise<void> {
    await Promise.all(this.#slots.map((slot) => slot.ready))
    if (this.#stopping.signal.aborted) return
    this.log.info(this.status, `${this.#name} is ready in ${this.#slots.length} processes`)
    await notifySystemd(this.log, 'READY=1', `${this.#slots.length} processes`)
  }

  async #replaceEach(): Promise<void> {
    if (this.#stopping.signal.aborted) return
    await notifySystemd(this.log, 'RELOADING=1', 'replacing all processes')
    for (const slot of this.#slots) {
      if (this.#stopping.signal.aborted) return
      if (await slot.replace()) continue
      this.log.error(this.status, 'the new process did not become ready; the old processes were kept')
      break
    }
    await notifySystemd(this.log, 'READY=1', `${this.#slots.length} processes`)
  }

  readonly #onHangup = (): void => {
    this.log.info(this.status, `SIGHUP: replacing the processes of ${this.#name}, one at a time`)
    void this.replaceAll()
  }

  #killAll(): void {
    for (const slot of this.#slots) slot.kill()
  }

  #logRejection(child: number, error: ReportedError): void {
    this.log.error({ child, err: error }, `unhandled promise rejection in a process: ${error.message}`)
  }
}
