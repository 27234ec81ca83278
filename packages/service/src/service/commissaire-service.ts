/**
 * The class that a service extends. Peers can call its `on_<method>` methods; `start`, `drain` and `close` are its
 * lifecycle; `request`, `notify` and `publish` send messages to other services.
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
import { managerOfThisProcess } from '../manager/run-as-child.ts'
import { type ExposedMethod, type MethodDeclarations, methodsOf, type ServiceClass } from './methods.ts'
import { addDeadLetterMetrics, type DeadLetterSource } from '../observability/dead-letter-metrics.ts'
import { ServiceMetrics } from '../observability/metrics.ts'
import { openBus } from './open-bus.ts'
import { declareQueues, kebab } from './queues.ts'
import type { RunOptions, Runnable } from './runnable.ts'
import { defaultDrainTimeout, type ServiceOptions } from './service-options.ts'
import type { ServiceState } from './service-state.ts'
import { exitAfter, exitGrace, StopRequest } from '../manager/stop-request.ts'
import { onUnhandledRejection } from '../program/unhandled-rejections.ts'

type Params = unknown[] | Record<string, unknown>

/** A long running service on the bus. Extend it and write `on_<method>` methods. */
export class CommissaireService<Options extends ServiceOptions = ServiceOptions>
  implements Requester, Runnable, AsyncDisposable
{
  /** Optional declarations of the methods: names of arguments, schemas, descriptions. */
  static readonly methods: MethodDeclarations = {}
  /** A one-line description of the service, published by `describe`. */
  static readonly doc: string | undefined = undefined
  /** The version of the service, published by `describe`. */
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
    addDeadLetterMetrics(this.metrics, () => this.#deadLetters())
  }

  /** The state of the service. */
  get state(): ServiceState {
    return this.#state
  }

  /** The Prometheus metrics of this service. */
  get metrics(): Registry {
    return this.#metrics.registry
  }

  /** The bus. Throws before the service has started, unless a bus was passed in the options. */
  protected get bus(): Bus {
    if (this.#bus === undefined)
      throw new Error(`${this.#class.name} is ${this.#state}: it has no bus before start()`)
    return this.#bus
  }

  /** Calls a method of another service and returns its result. */
  request<T = unknown>(routingKey: string, params?: Params, options?: RequestOptions): Promise<T> {
    return this.bus.request<T>(routingKey, params, options)
  }

  /** Sends a notification to other services, without waiting for a reply. */
  notify(routingKey: string, params?: Params): Promise<void> {
    return this.bus.notify(routingKey, params)
  }

  /** Publishes a message that is not JSON-RPC. */
  publish(routingKey: string, payload: unknown, options?: { persistent?: boolean }): Promise<void> {
    return this.bus.publish(routingKey, payload, options)
  }

  /** Connects to the bus and starts to consume. An override must call `await super.start()`. */
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

  /** Stops consuming, and waits for the messages in progress to finish, at most `drainTimeout`. */
  drain(): Promise<void> {
    this.#draining ??= this.#drain()
    return this.#draining
  }

  /** Drains, then disconnects. Idempotent; can be called in any state. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Starts, runs until SIGTERM, SIGINT or the given signal, and closes. A second signal ends the process at once. */
  async run({
    signal,
    onReady,
    onUnhandledRejection: report = this.#logRejection,
  }: RunOptions = {}): Promise<void> {
    using stop = new StopRequest({ signal })
    using _rejections = onUnhandledRejection(report)
    void stop.asked.then((by) => this.#exitInTime(by))
    try {
      await Promise.race([this.start(), stop.asked])
      await using _health = await this.#serveHealth()
      if (this.#state === 'running') onReady?.()
      await Promise.race([stop.asked, this.#closed.promise])
    } finally {
      await this.close()
    }
  }

  /** Exposed as `ping`: returns `pong`. */
  on_ping(_message: Message): string {
    return 'pong'
  }

  /** Exposed as `describe`: returns the methods with their arguments and schemas, the version, and the process. */
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

  /** Handles a message that is not JSON-RPC. The default rejects it; a service that expects such messages overrides it. */
  protected received(message: Message): unknown {
    const text = `${this.#class.name} takes JSON-RPC 2.0 only; the message on "${message.routingKey}" is something else`
    throw new BusError('InvalidRequest', text, { data: { exception: 'InvalidRequest' } })
  }

  get #class() {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the language types it as any function
    return this.constructor as typeof CommissaireService & ServiceClass
  }

  /** Serves health, except in a child of a manager: there the manager serves it for all children. */
  #serveHealth(): Promise<HealthServer | undefined> {
    const { healthListen } = this.options
    if (healthListen === undefined || managerOfThisProcess() !== undefined) return Promise.resolve(undefined)
    return serveHealth(healthListen, {
      isReady: () => this.#state === 'running' && this.#bus?.state === 'connected',
      describe: () => ({ service: this.#class.name, ...describeProcess(this.#state), bus: this.#bus?.state }),
      metrics: () => this.metrics.metrics(),
    })
  }

  /** What the metrics of dead letters are read from; undefined before the start. */
  #deadLetters(): DeadLetterSource | undefined {
    return this.#bus && { dead: this.#bus.dead, queues: this.#queues.map(({ name }) => name) }
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
    const { drainTimeout: timeout = defaultDrainTimeout } = this.options
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

  /** Closes the service's own bus. A failure is only logged: all messages are finished by then. */
  async #disconnect(): Promise<void> {
    if (this.options.bus !== undefined) return
    try {
      await this.#bus?.close()
    } catch (err) {
      this.log.warn({ err }, `${this.#class.name} could not close its connection to the broker properly`)
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

  readonly #logRejection = (error: unknown): void => {
    this.log.error({ err: error }, `unhandled promise rejection in ${this.#class.name}`)
  }

  #answer(message: Message): unknown {
    return message.method === undefined ? this.received(message) : dispatch(this, this.#methods, message)
  }

  /** After a signal, limits how long the process may take to exit. */
  #exitInTime(by: string): void {
    const { drainTimeout = defaultDrainTimeout } = this.options
    if (by === 'SIGTERM' || by === 'SIGINT') exitAfter(drainTimeout + exitGrace, { log: this.log, by })
  }

  /** The label of a message in the metrics. Unknown methods share one label, so that callers cannot create labels. */
  #label({ method }: Message): string {
    if (method === undefined) return '(raw)'
    return this.#methods.has(method) ? method : '(unknown)'
  }
}
