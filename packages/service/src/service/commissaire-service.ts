/**
 * The class that a service extends. Its `on_<method>` methods are what peers may call; `start`, `drain` and `close` are
 * its life; `request`, `notify` and `publish` are how it speaks to others.
 */
import {
  type Bus,
  BusError,
  type Logger,
  type Message,
  type Requester,
  type RequestOptions,
  type Serving,
} from '@commissaire/bus'
import type { Registry } from 'prom-client'
import { describeMethods, describeProcess, type ServiceDescription } from './describe.ts'
import { dispatch } from './dispatch.ts'
import { logFailure, toBusError } from './failure.ts'
import { type HealthServer, serveHealth } from '../observability/health.ts'
import { createLog } from '../observability/log.ts'
import { managerOfThisProcess } from '../manager/managed.ts'
import { type ExposedMethod, type MethodDeclarations, methodsOf, type ServiceClass } from './methods.ts'
import { ServiceMetrics } from '../observability/metrics.ts'
import { openBus } from './open-bus.ts'
import { declareQueues, kebab } from './queues.ts'
import type { ServiceOptions } from './service-options.ts'
import { endAfter, StopRequest } from '../manager/stop-request.ts'
import { catchStrays } from '../program/unhandled-rejections.ts'

/** Where a service is in its life. It only ever moves on. */
export type ServiceState = 'idle' | 'starting' | 'running' | 'draining' | 'closed'

type Params = unknown[] | Record<string, unknown>

/** A process gets this much longer to end than its service gets to drain, in milliseconds. */
const graceAfterDrain = 5_000

/** Who runs a service may want to know how it goes. */
export interface RunOptions {
  /** Another way to stop it. */
  readonly signal?: AbortSignal
  /** Called once it has started. */
  readonly onReady?: () => void
  /** Called for a promise that the service dropped and that failed; by default that is logged. */
  readonly onStray?: (error: unknown) => void
}

/** A long running service on the bus. Extend it, and write `on_<method>` methods. */
export class CommissaireService<Options extends ServiceOptions = ServiceOptions>
  implements Requester, AsyncDisposable
{
  /** Names, schemas and doc lines of the methods, where the service wants to declare them. */
  static readonly methods: MethodDeclarations = {}
  /** One line about the service, for `describe`. */
  static readonly doc: string | undefined = undefined
  /** The version of the service, for `describe`. */
  static readonly version: string = '0.0.0'

  readonly options: Options
  readonly log: Logger
  readonly #methods: ReadonlyMap<string, ExposedMethod>
  readonly #metrics: ServiceMetrics
  readonly #closed = Promise.withResolvers<void>()
  #state: ServiceState = 'idle'
  #bus: Bus | undefined
  #servings: Serving[] = []
  #presence: Disposable | undefined
  #draining: Promise<void> | undefined
  #closing: Promise<void> | undefined

  constructor(options: Options) {
    this.options = options
    this.log = options.log ?? createLog({ name: kebab(this.#class.name) })
    this.#methods = methodsOf(this.#class)
    this.#metrics = new ServiceMetrics(kebab(this.#class.name), options.metrics)
    this.#bus = options.bus
  }

  /** Where the service is in its life. */
  get state(): ServiceState {
    return this.#state
  }

  /** What this service counts, for whoever collects it. */
  get metrics(): Registry {
    return this.#metrics.registry
  }

  /** The bus, once the service has started. */
  protected get bus(): Bus {
    if (this.#bus === undefined)
      throw new Error(`${this.#class.name} is ${this.#state}: it has no bus before start()`)
    return this.#bus
  }

  /** Asks another service. */
  request<T = unknown>(routingKey: string, params?: Params, options?: RequestOptions): Promise<T> {
    return this.bus.request<T>(routingKey, params, options)
  }

  /** Tells other services, and expects no answer. */
  notify(routingKey: string, params?: Params): Promise<void> {
    return this.bus.notify(routingKey, params)
  }

  /** Publishes a message that is no JSON-RPC. */
  publish(routingKey: string, payload: unknown, options?: { persistent?: boolean }): Promise<void> {
    return this.bus.publish(routingKey, payload, options)
  }

  /** Connects and consumes. A service that overrides it calls `await super.start()`. */
  async start(): Promise<void> {
    if (this.#state !== 'idle')
      throw new Error(`${this.#class.name}.start(): it is ${this.#state}; a service starts once`)
    this.#state = 'starting'
    try {
      await this.#consume(this.#bus ?? (await this.#connect()))
    } catch (error) {
      await this.close()
      throw error
    }
    this.#state = 'running'
    this.#presence = this.bus.answerRollCalls(() => this.#describe())
    this.log.info({ queues: this.#queues }, `${this.#class.name} is running`)
  }

  /** Takes no further message, and finishes what is in hand or, after `drainTimeout`, lets go of it. */
  drain(): Promise<void> {
    this.#draining ??= this.#drain()
    return this.#draining
  }

  /** Drains, then disconnects. May be called twice, and at any time. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Starts, and runs until SIGTERM, SIGINT or the signal given; then closes. A second signal ends the process at once. */
  async run({ signal, onReady, onStray = this.#logStray }: RunOptions = {}): Promise<void> {
    using stop = new StopRequest({ signal })
    using _strays = catchStrays(onStray)
    void stop.asked.then((by) => this.#endInTime(by))
    try {
      await Promise.race([this.start(), stop.asked])
      await using _health = await this.#serveHealth()
      if (this.#state === 'running') onReady?.()
      await Promise.race([stop.asked, this.#closed.promise])
    } finally {
      await this.close()
    }
  }

  /** Exposed as `ping`: says that somebody is there. */
  on_ping(_message: Message): string {
    return 'pong'
  }

  /** Exposed as `describe`: methods, arguments, schemas, version, and the process that answers. */
  on_describe(_message: Message): ServiceDescription {
    return this.#describe()
  }

  #describe(): ServiceDescription {
    const { name: service, doc, version } = this.#class
    const about = { service, version, ...(doc !== undefined && { doc }) }
    return {
      ...about,
      queues: this.#queues,
      methods: describeMethods(this.#methods),
      process: describeProcess(this.#state),
    }
  }

  /** Called for a message that is no JSON-RPC. A service that expects some overrides it. */
  protected received(message: Message): unknown {
    const text = `${this.#class.name} takes JSON-RPC 2.0 only; on "${message.routingKey}" came something else`
    throw new BusError('InvalidRequest', text, { data: { exception: 'InvalidRequest' } })
  }

  get #class() {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the language types it as any function
    return this.constructor as typeof CommissaireService & ServiceClass
  }

  /** In a child of the manager, the manager answers for all. */
  #serveHealth(): Promise<HealthServer | undefined> {
    const { healthListen } = this.options
    if (healthListen === undefined || managerOfThisProcess() !== undefined) return Promise.resolve(undefined)
    return serveHealth(healthListen, {
      isReady: () => this.#state === 'running' && this.#bus?.state === 'connected',
      describe: () => ({ service: this.#class.name, ...describeProcess(this.#state), bus: this.#bus?.state }),
      metrics: () => this.metrics.metrics(),
    })
  }

  get #queues() {
    return declareQueues(this.#class.name, this.options.queues ?? [])
  }

  async #connect(): Promise<Bus> {
    const bus = await openBus(this.options, this.log)
    this.#bus = bus
    return bus
  }

  async #consume(bus: Bus): Promise<void> {
    const { prefetch } = this.options
    const options = { handler: this.#handle, ...(prefetch !== undefined && { prefetch }) }
    for (const queue of this.#queues) {
      if (this.#state === 'starting') this.#servings.push(await bus.serve(queue, options))
    }
    if (this.#state === 'starting') return
    await this.#disconnect()
    throw new BusError('Cancelled', `${this.#class.name} was closed while it was starting`)
  }

  async #drain(): Promise<void> {
    const { drainTimeout: timeout = 30_000 } = this.options
    if (this.#state !== 'closed') this.#state = 'draining'
    await Promise.all(this.#servings.map((serving) => serving.stop({ timeout })))
  }

  async #close(): Promise<void> {
    try {
      await this.drain()
    } finally {
      this.#presence?.[Symbol.dispose]()
      await this.#disconnect()
      this.#state = 'closed'
      this.log.info({}, `${this.#class.name} is closed`)
      this.#closed.resolve()
    }
  }

  /** A broker that goes down just now is no reason to fail: there is nothing left to lose there. */
  async #disconnect(): Promise<void> {
    if (this.options.bus !== undefined) return
    try {
      await this.#bus?.close()
    } catch (err) {
      this.log.warn({ err }, `${this.#class.name} left the bus in disorder: the broker went away meanwhile`)
    }
  }

  readonly #handle = async (message: Message): Promise<unknown> => {
    const done = this.#metrics.begin(this.#label(message))
    try {
      const result = await this.#answer(message)
      done('ok')
      return result
    } catch (thrown) {
      const error = toBusError(thrown)
      done(error.name)
      logFailure(this.log, message, { thrown, error })
      throw error
    }
  }

  readonly #logStray = (error: unknown): void => {
    this.log.error({ err: error }, `${this.#class.name} dropped a promise, and it failed`)
  }

  #answer(message: Message): unknown {
    return message.method === undefined ? this.received(message) : dispatch(this, this.#methods, message)
  }

  /** After a signal the process ends, whatever may hold it. */
  #endInTime(by: string): void {
    const { drainTimeout = 30_000 } = this.options
    if (by === 'SIGTERM' || by === 'SIGINT') endAfter(drainTimeout + graceAfterDrain, { log: this.log, by })
  }

  /** A name for the metrics that no caller can invent. */
  #label({ method }: Message): string {
    if (method === undefined) return '(raw)'
    return this.#methods.has(method) ? method : '(unknown)'
  }
}
