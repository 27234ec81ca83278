/** A message in the hands of a consumer on RabbitMQ. */

import type { Channel } from 'rabbitmq-client'
import type { Delivery, Settlement } from '../../transport.ts'
import type { AmqpMessage } from './wire.ts'

/** The channel that the message came through: the only one on which it can be acknowledged, while it lasts. */
export interface DeliverySource {
  readonly channel: Channel
  readonly settle: (delivery: AmqpDelivery, settlement: Settlement) => Promise<void>
}

/** A message and the channel that holds it. */
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

  /** False when the channel has broken: then the broker has given the message to somebody else. */
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

  /** Back to where it was; the broker marks it. */
  refuse(): void {
    const { channel } = this.#hold
    if (channel.active) channel.basicNack({ deliveryTag: this.message.raw.deliveryTag, requeue: true })
  }
}
