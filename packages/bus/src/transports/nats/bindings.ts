/**
 * The bindings of an exchange: which queues receive which routing keys.
 *
 * Two NATS streams cannot share a subject, so a message cannot reach several queues by its subject. As on Redis, the
 * publisher knows the bindings and puts a copy on each queue. A binding is a subject in the registry stream. Every
 * connection receives a new binding when it is published. All bindings are read again after each reconnect, at intervals,
 * and before a message is reported as having no queue.
 */

import { checkAck, isNoResponders, isNotFound } from './failures.ts'
import { declareRegistry, type QueueDeps } from './queues.ts'
import { matcher, type Matcher } from '../../topic.ts'

interface Binding {
  readonly queue: string
  readonly matches: Matcher
}

const maxRoutes = 10_000
/** Milliseconds. */
const refreshInterval = 30_000

/** The known bindings of one exchange. */
export class Bindings {
  readonly #deps: QueueDeps
  readonly #refreshTimer: NodeJS.Timeout
  readonly #routes = new Map<string, readonly string[]>()
  /** Bindings by subject, and those added while the list is being read. */
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

  /** Returns the queues that are bound to a routing key. */
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

  /** Binds a queue. When this resolves, all connections to the same server have received the binding. */
  async bind(queue: string, routingKeys: readonly string[]): Promise<void> {
    const { socket, names } = this.#deps
    await declareRegistry(this.#deps)
    const subjects = routingKeys.map((key) => names.binding(queue, key))
    await Promise.all(subjects.map(async (subject) => checkAck(await socket.ask(subject, ''))))
    for (const subject of subjects) this.#add(subject)
  }

  /** Reads all bindings again. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => (this.#refreshing = undefined))
    return this.#refreshing
  }

  /** Returns true when all these bindings are known. */
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
    // Bindings received in the meantime may be missing in the list.
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
      if (isNotFound(error)) return []
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
