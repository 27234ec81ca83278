/**
 * Redis, on the wire of kombu: existing Python peers call and serve, unchanged.
 *
 * One connection sends; one waits for answers; one hears what is said to all; and each served queue has one on which it
 * waits. How messages are claimed, and why so, is in `docs/decisions/0002-redis-claims.md`.
 */

import { randomUUID } from 'node:crypto'
import { BusError } from '../errors.ts'
import type {
  Consumer,
  ConsumeOptions,
  DeadMessages,
  Outgoing,
  QueueDeclaration,
  Reply,
  Transport,
  TransportOptions,
} from '../transport.ts'
import { bindingSet, encodeBinding } from './redis/binding.ts'
import { RedisConsumer } from './redis/consumer.ts'
import { RedisDead } from './redis/dead-letters.ts'
import { claimKeys, encodeReply } from './redis/kombu.ts'
import { Publisher } from './redis/publisher.ts'
import { ReplyReader } from './redis/replies.ts'
import { Restorer } from './redis/restorer.ts'
import { replyExpiry, replyPrefix } from './redis/scripts.ts'
import { optionsOf, Socket } from './redis/socket.ts'

/** Connects to Redis 7 or later, or to Valkey. */
export async function open(url: URL, options: TransportOptions): Promise<Transport> {
  const connect = (): Promise<Socket> => Socket.connect(optionsOf(url, options.clientName))
  const opened = await Promise.allSettled([connect(), connect(), connect()])
  const [socket, answers, news] = opened.map((one) => (one.status === 'fulfilled' ? one.value : undefined))
  const failed = opened.find((one) => one.status === 'rejected')
  if (!socket || !answers || !news) {
    for (const one of [socket, answers, news]) one?.close()
    throw failed?.reason
  }
  const transport = new RedisTransport({ socket, answers, news, connect }, options)
  try {
    await transport.start()
  } catch (error) {
    // Left open, the connections would come back for ever and keep the process up.
    await transport.close()
    throw error
  }
  return transport
}

interface Sockets {
  readonly socket: Socket
  readonly answers: Socket
  readonly news: Socket
  readonly connect: () => Promise<Socket>
}

class RedisTransport implements Transport {
  readonly replyQueue = replyPrefix + randomUUID()
  readonly dead: DeadMessages
  readonly #sockets: Sockets
  readonly #options: TransportOptions
  readonly #publisher: Publisher
  readonly #bindings: string[] = []
  readonly #consumers = new Set<RedisConsumer>()
  #replies: ReplyReader | undefined
  #restorer: Restorer | undefined
  #closing: Promise<void> | undefined
  #declaring: NodeJS.Timeout | undefined

  constructor(sockets: Sockets, options: TransportOptions) {
    this.#sockets = sockets
    this.#options = options
    this.#publisher = new Publisher(sockets.socket, options.exchange)
    this.dead = new RedisDead(sockets.socket)
  }

  async start(): Promise<void> {
    const { socket, answers, news } = this.#sockets
    const { onReply, onBroadcast, onMissed, onState, log } = this.#options
    await refuseOldServers(socket)
    socket.watch({ onReady: () => void this.#comeBack(), onLost: () => onState('disconnected') })
    await news.subscribe(this.#channel, onBroadcast, { onAgain: onMissed })
    this.#replies = new ReplyReader(this.replyQueue, { socket: answers, log, onReply })
  }

  publish(message: Outgoing): Promise<number> {
    return this.#closing ? Promise.reject(closed()) : this.#publisher.publish(message)
  }

  async reply(reply: Reply): Promise<void> {
    if (this.#closing) throw closed()
    const { socket } = this.#sockets
    await socket.call('LPUSH', reply.queue, encodeReply(reply))
    if (reply.queue.startsWith(replyPrefix)) await socket.call('EXPIRE', reply.queue, replyExpiry)
  }

  async consume(queue: QueueDeclaration, options: ConsumeOptions): Promise<Consumer> {
    const { socket, connect } = this.#sockets
    const { exchange, visibility, log } = this.#options
    const bindings = queue.routingKeys.map((routingKey) => encodeBinding(routingKey, queue.name))
    const waiter = await connect()
    this.#bindings.push(...bindings)
    try {
      await this.#declare()
    } catch (error) {
      waiter.close()
      throw error
    }
    const keys = claimKeys(exchange)
    const consumer = new RedisConsumer(queue.name, options, { socket, waiter, keys, visibility, log })
    this.#consumers.add(consumer)
    this.#restorer ??= new Restorer({ socket, keys, options: this.#options, log })
    this.#declaring ??= setInterval(() => void this.#declareAgain(), declareEvery)
    return consumer
  }

  async broadcast(text: string): Promise<void> {
    await this.#sockets.socket.call('PUBLISH', this.#channel, text)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  get #channel(): string {
    return `_commissaire.all.${this.#options.exchange}`
  }

  async #declare(): Promise<void> {
    if (this.#bindings.length === 0) return
    await this.#sockets.socket.call('SADD', bindingSet(this.#options.exchange), ...this.#bindings)
  }

  async #comeBack(): Promise<void> {
    await this.#declareAgain()
    this.#options.onState('connected')
  }

  /** After a reconnect; and now and then, for somebody may have emptied the database. */
  async #declareAgain(): Promise<void> {
    if (!this.#sockets.socket.ready) return
    try {
      await this.#declare()
    } catch (err) {
      this.#options.log.warn({ err }, 'could not declare the queues again')
    }
  }

  async #close(): Promise<void> {
    const { socket, answers, news } = this.#sockets
    this.#restorer?.close()
    clearInterval(this.#declaring)
    await Promise.all([...this.#consumers].map((consumer) => consumer.close()))
    this.#publisher.close()
    await this.#replies?.close(socket)
    answers.close()
    news.close()
    socket.close()
  }
}

/** Milliseconds. */
const declareEvery = 10_000

function closed(): BusError {
  return new BusError('ConnectionLost', 'this connection to the bus is closed')
}

const oldestServer = 7

async function refuseOldServers(socket: Socket): Promise<void> {
  const info = String(await socket.call('INFO', 'server'))
  const version = /^redis_version:(\S+)/m.exec(info)?.[1] ?? 'unknown'
  if (Number.parseInt(version, 10) >= oldestServer) return
  socket.close()
  throw new Error(`the server is Redis ${version}; this bus needs Redis ${oldestServer} or later (or Valkey)`)
}
