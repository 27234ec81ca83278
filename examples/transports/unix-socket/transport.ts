/**
 * A transport of your own: it connects to the broker of `server.ts` over a Unix socket.
 *
 *     await connect('unix:///run/my-bus.sock', { transports: { 'unix:': () => import('./transport.ts') } })
 *
 * It does not reconnect: when the broker ends, pending calls and all later ones reject. So it leaves out the checks that
 * restart the broker, and passes all others.
 */
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import {
  BusError,
  readReceived,
  type Consumer,
  type ConsumeOptions,
  type DeadLetterStats,
  type DeadMessage,
  type DeadMessages,
  type Delivery,
  type OutgoingMessage,
  type QueueDeclaration,
  type ReceivedMessage,
  type Reply,
  type Settlement,
  type Transport,
  type TransportOptions,
} from '@commissaire/bus'
import { receiveLines, send, type BrokerEvent, type BrokerFrame, type Call } from './wire.ts'

/** Connects to the broker at the path of the URL. */
export async function open(url: URL, options: TransportOptions): Promise<Transport> {
  const socket = connect(decodeURIComponent(url.pathname))
  try {
    await once(socket, 'connect')
  } catch (cause) {
    const message = `cannot reach the broker at ${url.pathname}; is it running?`
    throw new BusError('ConnectionLost', message, { cause })
  }
  return new UnixSocketTransport(socket, options).join()
}

interface Pending {
  resolve(result: unknown): void
  reject(error: Error): void
}

class UnixSocketTransport implements Transport {
  readonly replyQueue = `response-${randomUUID()}`
  readonly dead: DeadMessages
  readonly #socket: Socket
  readonly #options: TransportOptions
  readonly #pending = new Map<number, Pending>()
  readonly #consumers = new Map<number, ConsumeOptions>()
  readonly #unsettled = new Set<UnixSocketDelivery>()
  #calls = 0
  #closed = false

  constructor(socket: Socket, options: TransportOptions) {
    this.#socket = socket
    this.#options = options
    this.dead = {
      list: (queue, limit) => this.#call<DeadMessage[]>({ call: 'list', queue, limit }),
      replay: (queue, message) => this.#call<boolean>({ call: 'replay', queue, message }),
      stats: (queue) => this.#call<DeadLetterStats>({ call: 'stats', queue }),
      drop: (queue, message) => this.#call<boolean>({ call: 'drop', queue, message }),
    }
    receiveLines(socket, (line) => this.#receive(JSON.parse(line)))
    let cause = new Error('the broker closed the connection')
    socket.on('error', (error) => (cause = error))
    socket.on('close', () => this.#lost(cause))
  }

  async join(): Promise<this> {
    const { exchange, maxAttempts } = this.#options
    await this.#call({ call: 'join', exchange, replyQueue: this.replyQueue, maxAttempts })
    return this
  }

  publish(message: OutgoingMessage): Promise<number> {
    return this.#call<number>({ call: 'publish', message })
  }

  async reply(reply: Reply): Promise<void> {
    const objection = replyRule(reply.queue)
    if (objection) throw new BusError('InvalidRequest', `cannot reply to "${reply.queue}": ${objection}`)
    await this.#call({ call: 'reply', reply })
  }

  async broadcast(text: string): Promise<void> {
    await this.#call({ call: 'broadcast', text })
  }

  /** The consumer is registered before the call, because messages may arrive before its answer. */
  async consume(queue: QueueDeclaration, options: ConsumeOptions): Promise<Consumer> {
    const consumer = this.#consumers.size
    this.#consumers.set(consumer, options)
    await this.#call({ call: 'consume', queue, consumer, prefetch: options.prefetch })
    return {
      stop: async () => {
        if (!this.#closed) await this.#call({ call: 'stop', consumer })
      },
    }
  }

  /** Stops the consumers and releases unsettled messages, so that closing does not count as a death. */
  async close(): Promise<void> {
    if (this.#closed) return
    for (const consumer of this.#consumers.keys()) await this.#ignoreLoss({ call: 'stop', consumer })
    for (const delivery of this.#unsettled) void delivery.settle({ kind: 'released' }).catch(() => {})
    this.#closed = true
    if (this.#socket.destroyed) return
    const ended = once(this.#socket, 'close')
    this.#socket.end()
    await ended
  }

  async #ignoreLoss(call: Call): Promise<void> {
    try {
      await this.#call(call)
    } catch (error) {
      if (!this.#socket.destroyed) throw error
    }
  }

  #call<Result>(call: Call): Promise<Result> {
    if (this.#closed || !this.#socket.writable) return Promise.reject(lost('the message was not sent'))
    const id = this.#calls++
    send(this.#socket, { ...call, id })
    return new Promise((resolve, reject) => {
      // The broker answers each call with the result that its method has.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      this.#pending.set(id, { resolve: (result) => resolve(result as Result), reject })
    })
  }

  #receive(frame: BrokerFrame): void {
    if ('event' in frame) return this.#handle(frame)
    this.#pending.get(frame.id)?.resolve(frame.result)
    this.#pending.delete(frame.id)
  }

  #handle(event: BrokerEvent): void {
    if (event.event === 'reply') this.#options.onReply(event.body)
    else if (event.event === 'broadcast') this.#options.onBroadcast(event.text)
    else if (event.event === 'abandoned') this.#replyToAbandoned(event.message, event.reason)
    else this.#deliver(event.consumer, event.delivery, event.message)
  }

  #deliver(consumer: number, number: number, message: ReceivedMessage): void {
    const delivery = new UnixSocketDelivery(check(message), async (settlement) => {
      this.#unsettled.delete(delivery)
      await this.#call({ call: 'settle', delivery: number, settlement })
    })
    this.#unsettled.add(delivery)
    this.#consumers.get(consumer)?.onDelivery(delivery)
  }

  #replyToAbandoned(message: ReceivedMessage, reason: string): void {
    const reply = this.#options.abandonedReply(message, reason)
    if (!reply) return
    this.reply(reply).catch((err: unknown) => {
      this.#options.log.warn({ queue: message.queue, err }, 'could not reply to the caller of a dead letter')
    })
  }

  #lost(cause: Error): void {
    if (!this.#closed) this.#options.onState('disconnected', cause)
    // Whether the broker has carried out a pending call is unknown.
    const error = lost('the message may or may not have arrived', { cause, data: { outcome: 'unknown' } })
    for (const pending of this.#pending.values()) pending.reject(error)
    this.#pending.clear()
  }
}

/** A delivered message. */
class UnixSocketDelivery implements Delivery {
  readonly queue: string
  readonly routingKey: string
  readonly body: string
  readonly contentType: string
  readonly headers: Delivery['headers']
  readonly replyTo: string | undefined
  readonly redelivered: boolean
  readonly fault: Delivery['fault']
  readonly #settle: (settlement: Settlement) => Promise<void>
  #settled = false

  constructor(message: ReceivedMessage, settle: (settlement: Settlement) => Promise<void>) {
    this.queue = message.queue
    this.routingKey = message.routingKey
    this.body = message.body
    this.contentType = message.contentType
    this.headers = message.headers
    this.replyTo = message.replyTo
    this.redelivered = message.redelivered
    this.fault = message.fault
    this.#settle = settle
  }

  async settle(settlement: Settlement): Promise<void> {
    if (this.#settled) return
    this.#settled = true
    await this.#settle(settlement)
  }
}

/** Checks a message that anybody may have sent against the limits of the bus; a fault makes the bus refuse it. */
function check(message: ReceivedMessage): ReceivedMessage {
  const { body, headers } = message
  return readReceived({ ...message, body: Buffer.from(body), compression: headers['compression'] }, replyRule)
}

/** Returns why a name cannot be that of a reply queue. */
function replyRule(name: string): string | undefined {
  return name.startsWith('response-') ? undefined : 'the name of a reply queue begins with response-'
}

function lost(
  consequence: string,
  options: { cause?: Error; data?: Record<string, unknown> } = {},
): BusError {
  return new BusError('ConnectionLost', `the connection to the broker is closed; ${consequence}`, options)
}
