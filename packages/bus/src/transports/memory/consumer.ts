/** Takes messages from a memory queue, no more at a time than it has room for. */

import type { Consumer, ConsumeOptions, Delivery, Settlement } from '../../transport.ts'
import type { MemoryBroker, MemoryQueue, Parcel } from './broker.ts'

/** A standing wish for the messages of one queue, on one connection. */
export class MemoryConsumer implements Consumer {
  readonly #broker: MemoryBroker
  readonly #name: string
  readonly #queue: MemoryQueue
  readonly #options: ConsumeOptions
  readonly #inHand = new Set<MemoryDelivery>()
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

  /** Lets go of everything: what is in hand goes back, marked as redelivered. */
  async close(): Promise<void> {
    await this.stop()
    for (const delivery of this.#inHand) await delivery.settle({ kind: 'released' })
  }

  readonly #fill = (): void => {
    while (!this.#stopped && this.#inHand.size < this.#options.prefetch) {
      const parcel = this.#queue.take()
      if (!parcel) return this.#queue.wait(this.#fill)
      this.#deliver(parcel)
    }
  }

  #deliver(parcel: Parcel): void {
    const delivery = new MemoryDelivery(this.#name, parcel, (settlement) => {
      this.#inHand.delete(delivery)
      this.#settle(parcel, settlement)
      queueMicrotask(this.#fill)
    })
    this.#inHand.add(delivery)
    this.#options.onDelivery(delivery)
  }

  #settle(parcel: Parcel, settlement: Settlement): void {
    if (settlement.kind === 'released') return this.#queue.putBack({ ...parcel, redelivered: true })
    if (settlement.reply) this.#broker.reply(settlement.reply.queue, settlement.reply.body)
    if (settlement.kind === 'done') return
    const deadAt = new Date().toISOString()
    this.#broker.queue(`${this.#name}.dead`).push({ ...parcel, reason: settlement.reason, deadAt })
  }
}

class MemoryDelivery implements Delivery {
  readonly queue: string
  readonly #parcel: Parcel
  readonly #settle: (settlement: Settlement) => void
  #settled = false

  constructor(queue: string, parcel: Parcel, settle: (settlement: Settlement) => void) {
    this.queue = queue
    this.#parcel = parcel
    this.#settle = settle
  }

  get routingKey(): string {
    return this.#parcel.routingKey
  }

  get body(): string {
    return this.#parcel.body
  }

  get contentType(): string {
    return this.#parcel.contentType
  }

  get headers(): Delivery['headers'] {
    return this.#parcel.headers
  }

  get replyTo(): string | undefined {
    return this.#parcel.replyTo
  }

  get redelivered(): boolean {
    return this.#parcel.redelivered
  }

  async settle(settlement: Settlement): Promise<void> {
    if (this.#settled) return
    this.#settled = true
    this.#settle(settlement)
  }
}
