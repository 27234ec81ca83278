/**
 * Redis, on the wire of kombu: existing Python peers call and serve, unchanged.
 *
 * One connection sends, one waits for replies, one receives broadcasts, and each served queue has one that waits for
 * messages. `docs/decisions/0002-redis-claims.md` explains how messages are claimed.
 */

import { randomUUID } from 'node:crypto'
import { malformed } from '../edge/edge-fault.ts'
import { BusError } from '../errors.ts'
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
import { bindingSet, encodeBinding } from './redis/binding.ts'
import { RedisConsumer } from './redis/consumer.ts'
import { RedisDeadMessages } from './redis/dead-letters.ts'
import { claimKeys, encodeReply } from './redis/kombu.ts'
import { Publisher } from './redis/publisher.ts'
import { replyRule } from './redis/reply-rule.ts'
import { ReplyReader } from './redis/replies.ts'
import { Restorer } from './redis/restorer.ts'
import { replyExpiry, replyPrefix } from './redis/scripts.ts'
import { optionsOf, Socket } from './redis/socket.ts'

/** Connects to Redis 7 or later, or to Valkey. */
export async function open(url: URL, options: TransportOptions): Promise<Transport> {
  const connect = (): Promise<Socket> => Socket.connect(optionsOf(url, options.clientName))
  const opened = await Promise.allSettled([connect(), connect(), connect()])
  const [socket, replies, broadcasts] = opened.map((one) =>
    one.status === 'fulfilled' ? one.value : undefined,
  )
  const failed = opened.find((one) => one.status === 'rejected')
  if (!socket || !replies || !broadcasts) {
    for (const one of [socket, replies, broadcasts]) one?.close()
    throw failed?.reason
  }
  const transport = new RedisTransport({ socket, replies, broadcasts, connect }, options)
  try {
    await transport.start()
  } catch (error) {
    // Connections left open would reconnect for ever and keep the process alive.
    await transport.close()
    throw error
  }
  return transport
}

interface Sockets {
  readonly socket: Socket
  readonly replies: Socket
  readonly broadcasts: Socket
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
  #redeclareTimer: NodeJS.Timeout | undefined

  constructor(sockets: Sockets, options: TransportOptions) {
    this.#sockets = sockets
    this.#options = options
    this.#publisher = new Publisher(sockets.socket, options.exchange)
    this.dead = new RedisDeadMessages(sockets.socket)
  }

  async start(): Promise<void> {
    const { socket, replies, broadcasts } = this.#sockets
    const { onReply, onBroadcast, onMissed, onState, log } = this.#options
    await refuseOldServers(socket)
    const onLost = (cause: Error): void => onState('disconnected', cause)
    for (const one of [socket, replies, broadcasts])
      one.watch({ onReady: () => void this.#reconnected(), onLost })
    await broadcasts.subscribe(this.#channel, {
      onMessage: onBroadcast,
      onAgain: onMissed,
      onRefused: (err) => log.error({ channel: this.#channel, err }, notSubscribed),
    })
    this.#replies = new ReplyReader(this.replyQueue, { socket: replies, log, onReply })
  }

  publish(message: OutgoingMessage): Promise<number> {
    return this.#closing ? Promise.reject(closed()) : this.#publisher.publish(message)
  }

  async reply(reply: Reply): Promise<void> {
    if (this.#closing) throw closed()
    const objection = replyRule(reply.queue)
    if (objection !== undefined)
      throw malformed(`the reply queue "${reply.queue}"`, `cannot receive a reply: ${objection}`)
    const { socket } = this.#sockets
    await socket.call('LPUSH', reply.queue, encodeReply(reply))
    if (reply.queue.startsWith(replyPrefix)) await socket.call('EXPIRE', reply.queue, replyExpiry)
  }

  async consume(queue: QueueDeclaration, options: ConsumeOptions): Promise<Consumer> {
    const { socket, connect } = this.#sockets
    const { exchange, visibility, log, complaints } = this.#options
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
    const consumer = new RedisConsumer(queue.name, options, {
      socket,
      waiter,
      keys,
      visibility,
      log,
      complaints,
    })
    this.#consumers.add(consumer)
    this.#restorer ??= new Restorer({ socket, keys, options: this.#options, log })
    this.#redeclareTimer ??= setInterval(() => void this.#redeclare(), redeclareInterval)
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

  /** Reports that the bus is connected once all three connections are. */
  async #reconnected(): Promise<void> {
    const { socket, replies, broadcasts } = this.#sockets
    if (!socket.ready || !replies.ready || !broadcasts.ready) return
    await this.#redeclare()
    if (socket.ready && replies.ready && broadcasts.ready) this.#options.onState('connected')
  }

  /** Runs after a reconnect and at intervals, because the database may have been emptied. */
  async #redeclare(): Promise<void> {
    if (!this.#sockets.socket.ready) return
    try {
      await this.#declare()
    } catch (err) {
      this.#options.log.warn({ err }, 'could not declare the queues again')
    }
  }

  async #close(): Promise<void> {
    const { socket, replies, broadcasts } = this.#sockets
    this.#restorer?.close()
    clearInterval(this.#redeclareTimer)
    await Promise.all([...this.#consumers].map((consumer) => consumer.close()))
    this.#publisher.close()
    await this.#replies?.close(socket)
    replies.close()
    broadcasts.close()
    socket.close()
  }
}

/** Milliseconds. */
const redeclareInterval = 10_000

const notSubscribed =
  'lost the subscription to broadcasts: this process receives no cancellations and no broadcasts until it reconnects'

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
