/** A message delivered to a consumer on RabbitMQ. */

import type { Channel } from 'rabbitmq-client'
import type { Delivery, Settlement } from '../../transport.ts'
import type { AmqpMessage } from './wire.ts'

/** The channel that delivered the message, the only one on which it can be acknowledged, and how it is settled. */
export interface DeliverySource {
  readonly channel: Channel
  readonly settle: (delivery: AmqpDelivery, settlement: Settlement) => Promise<void>
}

/** A message and the channel that delivered it. */
export class AmqpDelivery implements Delivery {
  readonly message: AmqpMessage
  readonly #hold: DeliverySource
  #settled = false

  constructor(message: AmqpMessage, hold: DeliverySource) {
    this.message = message
    this.#hold = hold
  }

  get queue(): string {
    return this.message.queue
  }

  get routingKey(): string {
    return this.message.routingKey
  }

  get body(): string {
    return this.message.body
  }

  get contentType(): string {
    return this.message.contentType
  }

  get headers(): Delivery['headers'] {
    return this.message.headers
  }

  get replyTo(): string | undefined {
    return this.message.replyTo
  }

  get redelivered(): boolean {
    return this.message.redelivered
  }

  get fault(): Delivery['fault'] {
    return this.message.fault
  }

  /** False when the channel is closed: then the broker delivers the message again. */
  get held(): boolean {
    return this.#hold.channel.active
  }

  async settle(settlement: Settlement): Promise<void> {
    if (this.#settled) return
    this.#settled = true
    await this.#hold.settle(this, settlement)
  }

  acknowledge(): void {
    const { channel } = this.#hold
    if (channel.active) channel.basicAck({ deliveryTag: this.message.raw.deliveryTag })
  }

  /** Requeues the message; the broker marks it as redelivered. */
  refuse(): void {
    const { channel } = this.#hold
    if (channel.active) channel.basicNack({ deliveryTag: this.message.raw.deliveryTag, requeue: true })
  }
}
