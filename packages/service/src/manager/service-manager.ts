/**
 * Runs one service in several processes: starts the program again for each, replaces those that end, drains them all on
 * SIGTERM, and replaces them one at a time on SIGHUP, without a gap.
 */
import type { Logger } from '@commissaire/bus'
import { AggregatorRegistry } from 'prom-client'
import { defaultRestartPolicy, type RestartPolicy } from './backoff.ts'
import { Child, type ChildState } from './child.ts'
import type { Figures, ReportedError } from './child-messages.ts'
import type { CommissaireService } from '../service/commissaire-service.ts'
import { createLog } from '../observability/log.ts'
import { type HealthServer, serveHealth } from '../observability/health.ts'
import { managerOfThisProcess, runAsChild } from './managed.ts'
import { processMetrics } from '../observability/metrics.ts'
import { notifySystemd } from '../program/notify-ready.ts'
import { Place } from './worker-slot.ts'
import { kebab } from '../service/queues.ts'
import type { ServiceOptions } from '../service/service-options.ts'
import { StopRequest } from './stop-request.ts'

/** What a manager needs to know: whose processes, how many, and whatever the service itself takes. */
export type ServiceManagerOptions<Options extends ServiceOptions = ServiceOptions> = Options & {
  readonly serviceClass: new (options: Options) => CommissaireService<Options>
  readonly processCount: number
  /** When children that end are replaced. */
  readonly restart?: Partial<RestartPolicy>
  /** How many milliseconds a child may take to become ready; default 60 000. */
  readonly readyTimeout?: number
}

/** Children get this much longer to end than their services get to drain. */
const graceAfterDrain = 5_000

let managers = 0

/** One service, many processes. Takes what the service takes, and two inputs more. */
export class ServiceManager<Options extends ServiceOptions = ServiceOptions> {
  readonly log: Logger
  readonly #ordinal = ++managers
  readonly #options: ServiceManagerOptions<Options>
  readonly #name: string
  readonly #stopping = new AbortController()
  #places: readonly Place[] = []
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

  /** How many children are in which state, and how often one had to be replaced. */
  get status(): Record<ChildState | 'restarts', number> {
    const counts = { starting: 0, running: 0, stopping: 0, gone: 0, restarts: 0 }
    for (const { child, restarts } of this.#places) {
      counts[child.state]++
      counts.restarts += restarts
    }
    return counts
  }

  /** Runs the children until SIGTERM, SIGINT or the signal given, then drains them. In a child, runs the service. */
  async run({ signal }: { signal?: AbortSignal } = {}): Promise<void> {
    const manager = managerOfThisProcess()
    if (manager === this.#ordinal) return runAsChild(() => this.#makeService())
    // A child of another manager of the same program: this one has nothing to do here.
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

  /** Replaces all children, one at a time: the new one is ready before the old one drains. What SIGHUP does. */
  replaceAll(): Promise<void> {
    this.#replacing = this.#replacing.then(() => this.#replaceEach())
    return this.#replacing
  }

  /** The figures of all children together, as Prometheus reads them. */
  async metrics(): Promise<string> {
    const answers = await Promise.all(this.#places.map(({ child }) => child.figures(1_000)))
    const figures = answers.filter((each): each is Figures => each !== undefined)
    const own = await processMetrics(kebab(this.#name), this.status).metrics()
    return `${await AggregatorRegistry.aggregate(figures).metrics()}${own}`
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
    this.#places = Array.from({ length: processCount }, (_, index) => this.#makePlace(index + 1))
    const kept = Promise.all(this.#places.map((place) => place.keep()))
    void this.#announce()
    const by = await stop.asked
    this.log.info({ by, ...this.status }, `${this.#name} is stopping`)
    this.#stopping.abort()
    void notifySystemd(this.log, 'STOPPING=1', `stopping: ${by}`)
    await Promise.all([kept, ...this.#places.map((place) => place.drain())])
    this.log.info({}, `${this.#name} has stopped`)
  }

  #makePlace(number: number): Place {
    const { restart, readyTimeout = 60_000, drainTimeout = 30_000 } = this.#options
    return new Place(number, {
      start: () => new Child(this.#ordinal, { onStray: (error) => this.#logStray(number, error) }),
      log: this.log,
      restart: { ...defaultRestartPolicy, ...restart },
      readyTimeout,
      stopTimeout: drainTimeout + graceAfterDrain,
      signal: this.#stopping.signal,
    })
  }

  /** Says once that all children have been ready. */
  async #announce(): Promise<void> {
    await Promise.all(this.#places.map((place) => place.ready))
    if (this.#stopping.signal.aborted) return
    this.log.info(this.status, `${this.#name} is ready in ${this.#places.length} processes`)
    await notifySystemd(this.log, 'READY=1', `${this.#places.length} processes`)
  }

  async #replaceEach(): Promise<void> {
    if (this.#stopping.signal.aborted) return
    await notifySystemd(this.log, 'RELOADING=1', 'replacing all processes')
    for (const place of this.#places) {
      if (this.#stopping.signal.aborted) return
      if (await place.replace()) continue
      this.log.error(this.status, 'the new process did not get ready, so the old ones stay')
      break
    }
    await notifySystemd(this.log, 'READY=1', `${this.#places.length} processes`)
  }

  readonly #onHangup = (): void => {
    this.log.info(this.status, `SIGHUP: replacing the processes of ${this.#name}, one at a time`)
    void this.replaceAll()
  }

  #killAll(): void {
    for (const place of this.#places) place.kill()
  }

  #logStray(child: number, error: ReportedError): void {
    this.log.error({ child, err: error }, `a process dropped a promise, and it failed: ${error.message}`)
  }
}
