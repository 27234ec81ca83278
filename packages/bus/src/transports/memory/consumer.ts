/** Takes messages from a memory queue, no more at a time than prefetch allows. */

import type { Consumer, ConsumeOptions, Delivery, Settlement } from '../../transport.ts'
import { readReceived } from '../../edge/read-received.ts'
import type { MemoryBroker, MemoryQueue, StoredMessage } from './broker.ts'

/** A subscription to the messages of one queue. */
export class MemoryConsumer implements Consumer {
  readonly #broker: MemoryBroker
  readonly #name: string
  readonly #queue: MemoryQueue
  readonly #options: ConsumeOptions
  readonly #unsettled = new Set<MemoryDelivery>()
  #stopped = false

  constructor(broker: MemoryBroker, name: string, options: ConsumeOptions) {
    this.#broker = broker
    this.#name = name
    this.#queue = broker.queue(name)
    this.#options = options
    queueMicrotask(this.#fill)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#queue.stopWaiting(this.#fill)
    if (this.#queue.length > 0) this.#queue.wakeNext()
  }

  /** Releases unsettled messages, marked as redelivered. */
  async close(): Promise<void> {
    await this.stop()
    for (const delivery of this.#unsettled) await delivery.settle({ kind: 'released' })
  }

  readonly #fill = (): void => {
    while (!this.#stopped && this.#unsettled.size < this.#options.prefetch) {
      const message = this.#queue.take()
      if (!message) return this.#queue.wait(this.#fill)
      this.#deliver(message)
    }
  }

  #deliver(message: StoredMessage): void {
    const delivery = new MemoryDelivery(this.#name, message, (settlement) => {
      this.#unsettled.delete(delivery)
      this.#settle(message, settlement)
      queueMicrotask(this.#fill)
    })
    this.#unsettled.add(delivery)
    this.#options.onDelivery(delivery)
  }

  #settle(message: StoredMessage, settlement: Settlement): void {
    if (settlement.kind === 'released') return this.#queue.putBack({ ...message, redelivered: true })
    if (settlement.reply) this.#broker.reply(settlement.reply.queue, settlement.reply.body)
    if (settlement.kind === 'done') return
    const deadAt = new Date().toISOString()
    this.#broker.queue(`${this.#name}.dead`).pushBounded({ ...message, reason: settlement.reason, deadAt })
  }
}

/** The memory broker drops replies to unknown queues, so any name is allowed. */
const anyName = (): undefined => undefined

class MemoryDelivery implements Delivery {
  readonly queue: string
  readonly routingKey: string
  readonly body: string
  readonly contentType: string
  readonly headers: Delivery['headers']
  readonly replyTo: string | undefined
  readonly redelivered: boolean
  readonly fault: Delivery['fault']
  readonly #settle: (settlement: Settlement) => void
  #settled = false

  constructor(queue: string, message: StoredMessage, settle: (settlement: Settlement) => void) {
    const { body, redelivered, routingKey, contentType, headers, replyTo } = message
    const bytes = Buffer.from(body)
    const compression = headers['compression']
    const untrusted = {
      queue,
      body: bytes,
      redelivered,
      routingKey,
      contentType,
      headers,
      replyTo,
      compression,
    }
    const received = readReceived(untrusted, anyName)
    this.queue = queue
    this.routingKey = received.routingKey
    this.body = received.body
    this.contentType = received.contentType
    this.headers = received.headers
    this.replyTo = received.replyTo
    this.redelivered = received.redelivered
    this.fault = received.fault
    this.#settle = settle
  }

  async settle(settlement: Settlement): Promise<void> {
    if (this.#settled) return
    this.#settled = true
    this.#settle(settlement)
  }
}
