/**
 * Which queues want which routing keys.
 *
 * NATS lets no two streams share a subject, so a message cannot reach several queues by its subject alone: as on Redis,
 * whoever publishes knows the bindings and puts a copy on each queue. A binding is a subject in the registry's stream.
 * Everybody hears of a new one at once, because it is published; and all are read anew after each reconnect, now and
 * then, and before a message is said to have no queue.
 */

import { checkAck, isNoResponders, isRefusal } from './failures.ts'
import { declareRegistry, type QueueDeps } from './queues.ts'
import { matcher, type Matcher } from '../../topic.ts'

interface Binding {
  readonly queue: string
  readonly matches: Matcher
}

const maxRoutes = 10_000
/** Milliseconds. */
const refreshInterval = 30_000

/** All bindings of one exchange, as far as they are known. */
export class Bindings {
  readonly #deps: QueueDeps
  readonly #refreshTimer: NodeJS.Timeout
  readonly #routes = new Map<string, readonly string[]>()
  /** By subject. */
  #bindings = new Map<string, Binding>()
  #added = new Map<string, Binding>()
  #refreshing: Promise<void> | undefined

  constructor(deps: QueueDeps) {
    this.#deps = deps
    deps.socket.subscribe(deps.names.bindings, ({ subject }) => this.#add(subject))
    this.#refreshTimer = setInterval(
      () => void this.#refreshQuietly(),
      refreshInterval * (0.5 + Math.random()),
    )
    this.#refreshTimer.unref()
  }

  /** The queues that want a routing key. */
  queuesOf(routingKey: string): readonly string[] {
    const known = this.#routes.get(routingKey)
    if (known) return known
    const queues = new Set<string>()
    for (const binding of this.#bindings.values()) if (binding.matches(routingKey)) queues.add(binding.queue)
    if (this.#routes.size >= maxRoutes) this.#routes.clear()
    const route = [...queues]
    this.#routes.set(routingKey, route)
    return route
  }

  /** Binds a queue. When this resolves, everybody on the server knows of it. */
  async bind(queue: string, routingKeys: readonly string[]): Promise<void> {
    const { socket, names } = this.#deps
    await declareRegistry(this.#deps)
    const subjects = routingKeys.map((key) => names.binding(queue, key))
    await Promise.all(subjects.map(async (subject) => checkAck(await socket.ask(subject, ''))))
    for (const subject of subjects) this.#add(subject)
  }

  /** Reads all bindings anew. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => (this.#refreshing = undefined))
    return this.#refreshing
  }

  /** True when all of them are known to be bound. */
  has(queue: string, routingKeys: readonly string[]): boolean {
    return routingKeys.every((key) => this.#bindings.has(this.#deps.names.binding(queue, key)))
  }

  close(): void {
    clearInterval(this.#refreshTimer)
  }

  async #refresh(): Promise<void> {
    this.#added = new Map()
    const subjects = await this.#read()
    const bindings = new Map<string, Binding>()
    for (const subject of subjects)
      bindings.set(subject, this.#bindings.get(subject) ?? this.#compile(subject))
    // What was heard in the meantime may or may not have been stored when the list was made.
    for (const [subject, binding] of this.#added) bindings.set(subject, binding)
    this.#bindings = bindings
    this.#routes.clear()
  }

  async #read(): Promise<string[]> {
    const { socket, names } = this.#deps
    try {
      const { state } = await socket.streams.streams.info(names.registry, { subjects_filter: names.bindings })
      return Object.keys(state.subjects ?? {})
    } catch (error) {
      if (isRefusal(error) && error.status === notFound) return []
      throw error
    }
  }

  async #refreshQuietly(): Promise<void> {
    const { socket, log } = this.#deps
    if (!socket.ready) return
    await this.refresh().catch((err: unknown) => {
      if (!isNoResponders(err)) log.warn({ err }, 'could not read the bindings of the exchange')
    })
  }

  #add(subject: string): void {
    const binding = this.#compile(subject)
    this.#added.set(subject, binding)
    if (this.#bindings.has(subject)) return
    this.#bindings.set(subject, binding)
    this.#routes.clear()
  }

  #compile(subject: string): Binding {
    const { queue, key } = this.#deps.names.readBinding(subject)
    return { queue, matches: matcher(key) }
  }
}

const notFound = 404
