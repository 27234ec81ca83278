/**
 * NATS: JetStream stores calls and notifications until they are settled; replies and broadcasts use core NATS, which
 * stores nothing.
 *
 * `docs/reference/wire.md` describes how messages are stored; `nats/last-attempts.ts` how a message is set aside when
 * its consumers keep dying.
 */

import { randomUUID } from 'node:crypto'
import type {
  Consumer,
  ConsumeOptions,
  DeadMessages,
  OutgoingMessage,
  QueueDeclaration,
  Reply,
  Transport,
  TransportOptions,
} from '../transport.ts'
import { Bindings } from './nats/bindings.ts'
import { NatsConsumer } from './nats/consumer.ts'
import { NatsDeadMessages } from './nats/dead-letters.ts'
import { disconnected, closed } from './nats/failures.ts'
import { Names, replySubject } from './nats/names.ts'
import { Publisher } from './nats/publisher.ts'
import { replyHeaders, type SetAsideDeps } from './nats/set-aside.ts'
import { Socket } from './nats/socket.ts'
import { LastAttempts } from './nats/last-attempts.ts'

/** Connects to NATS 2.9 or later, with JetStream. */
export async function open(url: URL, options: TransportOptions): Promise<Transport> {
  const names = new Names(options.exchange)
  const transport = new NatsTransport(await Socket.connect(url, options), names, options)
  return transport.start()
}

class NatsTransport implements Transport {
  readonly replyQueue = `response-${randomUUID()}`
  readonly dead: DeadMessages
  readonly #socket: Socket
  readonly #options: TransportOptions
  readonly #deps: SetAsideDeps
  readonly #bindings: Bindings
  readonly #publisher: Publisher
  readonly #declared = new Map<string, Set<string>>()
  readonly #consumers = new Set<NatsConsumer>()
  #lastAttempts: LastAttempts | undefined
  #redeclareTimer: NodeJS.Timeout | undefined
  #closing: Promise<void> | undefined

  // oxlint-disable-next-line max-params
  constructor(socket: Socket, names: Names, options: TransportOptions) {
    this.#socket = socket
    this.#options = options
    this.#deps = { socket, names, log: options.log, abandonedReply: options.abandonedReply }
    this.#bindings = new Bindings(this.#deps)
    this.#publisher = new Publisher(this.#deps, this.#bindings)
    this.dead = new NatsDeadMessages(this.#deps)
  }

  async start(): Promise<this> {
    const { onReply, onBroadcast, onState } = this.#options
    this.#socket.watch({
      onReady: () => void this.#reconnected(),
      onLost: (cause) => onState('disconnected', cause),
    })
    this.#socket.subscribe(replySubject(this.replyQueue), (message) => onReply(message.string()))
    this.#socket.subscribe(this.#deps.names.broadcasts, (message) => onBroadcast(message.string()))
    await this.#bindings.refresh()
    return this
  }

  async publish(message: OutgoingMessage): Promise<number> {
    if (this.#closing) throw closed()
    return this.#publisher.publish(message)
  }

  async reply(reply: Reply): Promise<void> {
    if (this.#closing) throw closed()
    if (!this.#socket.ready) throw disconnected(0)
    this.#socket.send(replySubject(reply.queue), reply.body, { headers: replyHeaders(reply) })
    await this.#socket.synced()
  }

  async consume(queue: QueueDeclaration, options: ConsumeOptions): Promise<Consumer> {
    if (this.#closing) throw closed()
    this.#lastAttempts ??= this.#openLastAttempts()
    const deps = { ...this.#deps, options: this.#options, lastAttempts: this.#lastAttempts }
    const consumer = new NatsConsumer(queue.name, options, deps)
    this.#consumers.add(consumer)
    await consumer.start()
    const keys = this.#declared.get(queue.name) ?? new Set()
    this.#declared.set(queue.name, keys)
    for (const key of queue.routingKeys) keys.add(key)
    await this.#bindings.bind(queue.name, queue.routingKeys)
    this.#redeclareTimer ??= setInterval(() => void this.#redeclare(), redeclareInterval)
    return consumer
  }

  async broadcast(text: string): Promise<void> {
    this.#socket.send(this.#deps.names.broadcasts, text)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  #openLastAttempts(): LastAttempts {
    const holder = this.replyQueue
    const holds = (queue: string, sequence: number): boolean =>
      [...this.#consumers].some((consumer) => consumer.queue === queue && consumer.holds(sequence))
    return new LastAttempts({ ...this.#deps, options: this.#options, holder, holds })
  }

  async #reconnected(): Promise<void> {
    await this.#redeclare()
    if (this.#socket.ready) this.#options.onState('connected')
    this.#options.onMissed?.()
  }

  /** Runs after a reconnect and at intervals, because streams may have been deleted. */
  async #redeclare(): Promise<void> {
    if (!this.#socket.ready) return
    try {
      await this.#bindings.refresh()
      for (const [queue, keys] of this.#declared)
        if (!this.#bindings.has(queue, [...keys])) await this.#bindings.bind(queue, [...keys])
      await this.#lastAttempts?.refresh()
    } catch (err) {
      if (this.#socket.ready) this.#options.log.warn({ err }, 'could not declare the queues again')
    }
  }

  async #close(): Promise<void> {
    clearInterval(this.#redeclareTimer)
    this.#bindings.close()
    await Promise.all([...this.#consumers].map((consumer) => consumer.close()))
    this.#lastAttempts?.close()
    await this.#socket.close()
  }
}

/** Milliseconds. */
const redeclareInterval = 10_000
