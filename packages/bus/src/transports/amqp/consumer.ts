/**
 * Consumes one queue and its retry queue on one channel.
 *
 * The broker sends up to `prefetch` messages of each queue; those beyond `prefetch` in total wait here.
 */

import { setImmediate, setTimeout } from 'node:timers/promises'
import type { Channel } from 'rabbitmq-client'
import type {
  Consumer,
  ConsumeOptions,
  QueueDeclaration,
  Settlement,
  TransportOptions,
} from '../../transport.ts'
import { AmqpDelivery } from './delivery.ts'
import { ReopeningChannel } from './channel.ts'
import { errorCodeOf, withTimeout, type AmqpConnection } from './connection.ts'
import type { Publisher } from './publisher.ts'
import { moveRedelivered, putOnRetry, setAside } from './redeliveries.ts'
import { watchRetries } from './retry-watcher.ts'
import { decodeMessage, retryQueue, type Raw } from './wire.ts'

/** What a consumer needs besides its queue. */
export interface ConsumerDeps {
  readonly connection: AmqpConnection
  readonly publisher: Publisher
  readonly options: TransportOptions
}

/** How long closing waits for pending settlements, in milliseconds; messages not settled by then are redelivered. */
const closeTimeout = 2_000
const retryDelay = 500

/** A subscription to the messages of one queue. */
export class AmqpConsumer implements Consumer {
  readonly #queue: QueueDeclaration
  readonly #options: ConsumeOptions
  readonly #deps: ConsumerDeps
  readonly #unsettled = new Set<AmqpDelivery>()
  readonly #settling = new Set<Promise<void>>()
  readonly #ending = new AbortController()
  #waiting: AmqpDelivery[] = []
  #tags: string[] = []
  #channel: ReopeningChannel | undefined
  #stopping: Promise<void> | undefined

  private constructor(queue: QueueDeclaration, options: ConsumeOptions, deps: ConsumerDeps) {
    this.#queue = queue
    this.#options = options
    this.#deps = deps
  }

  static async start(
    queue: QueueDeclaration,
    options: ConsumeOptions,
    deps: ConsumerDeps,
  ): Promise<AmqpConsumer> {
    const consumer = new AmqpConsumer(queue, options, deps)
    consumer.#channel = await ReopeningChannel.open(deps.connection, {
      name: `the queue "${queue.name}"`,
      log: deps.options.log,
      prepare: (channel) => consumer.#prepare(channel),
    })
    return consumer
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  /** Releases unsettled messages, and deletes the retry queue when it is empty and unused. */
  async close(): Promise<void> {
    await this.stop()
    for (const delivery of this.#unsettled) void delivery.settle({ kind: 'released' })
    await Promise.race([this.#settled(), setTimeout(closeTimeout, undefined, { ref: false })])
    this.#ending.abort()
    await this.#channel?.close()
    await this.#deleteRetryQueue()
  }

  /** The broker refuses to delete a queue that has messages or consumers. */
  async #deleteRetryQueue(): Promise<void> {
    const { connection, options } = this.#deps
    const retry = { queue: retryQueue(this.#queue.name), ifEmpty: true, ifUnused: true }
    try {
      await connection.withChannel((channel) => channel.queueDelete(retry), closeTimeout)
    } catch (err) {
      if (errorCodeOf(err) !== 'PRECONDITION_FAILED')
        options.log.debug({ queue: retry.queue, err }, 'could not delete the retry queue')
    }
  }

  /** Declares the exchange, the queue and its bindings as kombu does, without arguments, and consumes. */
  async #prepare(channel: Channel): Promise<void> {
    const { exchange } = this.#deps.options
    const { name, routingKeys } = this.#queue
    await channel.exchangeDeclare({ exchange, type: 'topic', durable: true })
    await channel.queueDeclare({ queue: name, durable: true })
    for (const routingKey of routingKeys) await channel.queueBind({ exchange, queue: name, routingKey })
    if (this.#stopping) return
    await channel.queueDeclare({ queue: retryQueue(name), durable: true })
    await channel.basicQos({ prefetchCount: this.#options.prefetch })
    this.#waiting = []
    this.#tags = []
    for (const queue of [retryQueue(name), name]) {
      const { consumerTag } = await channel.basicConsume({ queue }, (raw) => this.#receive(raw, channel))
      this.#tags.push(consumerTag)
    }
  }

  #receive(raw: Raw, channel: Channel): void {
    const message = decodeMessage(raw, this.#queue.name)
    const delivery = new AmqpDelivery(message, { channel, settle: this.#settle })
    if (raw.redelivered) void this.#redeliver(delivery)
    else if (this.#unsettled.size >= this.#options.prefetch) this.#waiting.push(delivery)
    else this.#deliver(delivery)
  }

  #deliver(delivery: AmqpDelivery): void {
    this.#unsettled.add(delivery)
    this.#options.onDelivery(delivery)
  }

  async #redeliver(delivery: AmqpDelivery): Promise<void> {
    const { options, publisher } = this.#deps
    try {
      await moveRedelivered(delivery.message, { options, publisher, log: options.log })
      delivery.acknowledge()
    } catch (err) {
      options.log.warn(
        { queue: this.#queue.name, err },
        'could not move a redelivered message to the retry queue',
      )
      await setTimeout(retryDelay, undefined, { ref: false })
      delivery.refuse()
    }
  }

  readonly #settle = async (delivery: AmqpDelivery, settlement: Settlement): Promise<void> => {
    const settled = this.#end(delivery, settlement)
    this.#settling.add(settled)
    try {
      await settled
    } finally {
      this.#settling.delete(settled)
    }
  }

  async #end(delivery: AmqpDelivery, settlement: Settlement): Promise<void> {
    this.#unsettled.delete(delivery)
    this.#deliverNext()
    try {
      if (!(await this.#canSettle(delivery))) return
      await this.#write(delivery, settlement)
      delivery.acknowledge()
    } catch (error) {
      delivery.refuse()
      throw error
    }
  }

  /** Waits until the reply can be sent. Returns false when the message was lost with its channel: then nothing is sent. */
  async #canSettle(delivery: AmqpDelivery): Promise<boolean> {
    const { publisher, options } = this.#deps
    while (delivery.held && !publisher.channel.current) await publisher.channel.ready(closeTimeout)
    if (delivery.held) return true
    const { queue, routingKey } = delivery
    options.log.warn(
      { queue, routingKey },
      'the connection broke before a message was settled; it is delivered again',
    )
    return false
  }

  async #write({ message }: AmqpDelivery, settlement: Settlement): Promise<void> {
    const { publisher } = this.#deps
    if (settlement.kind === 'released') return putOnRetry(message, { attempts: message.attempts, publisher })
    if (settlement.kind === 'dead') await setAside(message, { reason: settlement.reason, publisher })
    if (settlement.reply) await publisher.reply(settlement.reply)
  }

  #deliverNext(): void {
    if (this.#stopping) return
    while (this.#waiting[0] && this.#unsettled.size < this.#options.prefetch) {
      const next = this.#waiting.shift()
      if (next?.held) this.#deliver(next)
    }
  }

  async #stop(): Promise<void> {
    const channel = this.#channel?.current
    if (channel) {
      await Promise.allSettled(this.#tags.map((tag) => withTimeout(channel.basicCancel(tag))))
      // The library delivers messages that have already arrived in the next turn of the event loop.
      await setImmediate()
    }
    for (const delivery of this.#waiting.splice(0)) void delivery.settle({ kind: 'released' })
    void watchRetries(this.#queue.name, { ...this.#deps, signal: this.#ending.signal })
  }

  async #settled(): Promise<void> {
    while (this.#settling.size > 0) await Promise.allSettled(this.#settling)
  }
}
