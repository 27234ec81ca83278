/** A message delivered to a consumer, and until when no other consumer can receive it. */

import type { Msg, MsgHdrs } from '@nats-io/transport-node'
import type { Delivery, Settlement } from '../../transport.ts'
import type { Claim } from './acks.ts'
import { decodeHeaders, type Envelope } from './message-encoding.ts'

/** The queue of a message, and how it is settled. */
export interface Origin {
  readonly queue: string
  readonly routingKey: string
  readonly settle: (delivery: NatsDelivery, settlement: Settlement) => Promise<void>
}

/** A message delivered to a consumer on NATS. */
export class NatsDelivery implements Delivery {
  /** The latest delivery: the server may deliver the message again to the consumer that still holds it. */
  claim: Claim
  /** The time, in milliseconds since 1970, after which the server may deliver the message to another consumer. */
  heldUntil: number
  readonly body: string
  readonly rawHeaders: MsgHdrs | undefined
  readonly #envelope: Envelope
  readonly #origin: Origin
  #settled = false

  constructor(message: Msg, { claim, ours, origin }: { claim: Claim; ours: number; origin: Origin }) {
    this.claim = claim
    this.heldUntil = ours
    this.body = message.string()
    this.rawHeaders = message.headers
    this.#envelope = decodeHeaders(message.headers)
    this.#origin = origin
  }

  get queue(): string {
    return this.#origin.queue
  }

  get routingKey(): string {
    return this.#origin.routingKey
  }

  get contentType(): string {
    return this.#envelope.contentType
  }

  get headers(): Delivery['headers'] {
    return this.#envelope.headers
  }

  get replyTo(): string | undefined {
    return this.#envelope.replyTo
  }

  get redelivered(): boolean {
    return this.claim.deliveries > 1
  }

  settle(settlement: Settlement): Promise<void> {
    if (this.#settled) return Promise.resolve()
    this.#settled = true
    return this.#origin.settle(this, settlement)
  }
}
