/** A message delivered to a consumer, and until when no other consumer can receive it. */

import type { Msg, MsgHdrs } from '@nats-io/transport-node'
import type { Delivery, ReceivedMessage, Settlement } from '../../transport.ts'
import type { Claim } from './acks.ts'
import { decodeMessage } from './message-encoding.ts'

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
  /** The body as the server stores it. */
  readonly data: Uint8Array
  readonly #message: Msg
  readonly #received: ReceivedMessage
  readonly #origin: Origin
  #settled = false

  constructor(message: Msg, { claim, ours, origin }: { claim: Claim; ours: number; origin: Origin }) {
    this.claim = claim
    this.heldUntil = ours
    this.data = message.data
    this.#message = message
    this.#origin = origin
    const { queue, routingKey } = origin
    const place = { queue, routingKey, redelivered: claim.deliveries > 1 }
    this.#received = decodeMessage({ data: message.data, headers: () => message.headers }, place)
  }

  /** The headers as the server stores them; undefined when there are none or they cannot be read. */
  get rawHeaders(): MsgHdrs | undefined {
    try {
      return this.#message.headers
    } catch {
      // The fault of the delivery says why they cannot be read.
      return undefined
    }
  }

  get queue(): string {
    return this.#received.queue
  }

  get routingKey(): string {
    return this.#received.routingKey
  }

  get body(): string {
    return this.#received.body
  }

  get contentType(): string {
    return this.#received.contentType
  }

  get headers(): Delivery['headers'] {
    return this.#received.headers
  }

  get replyTo(): string | undefined {
    return this.#received.replyTo
  }

  get redelivered(): boolean {
    return this.claim.deliveries > 1
  }

  get fault(): Delivery['fault'] {
    return this.#received.fault
  }

  settle(settlement: Settlement): Promise<void> {
    if (this.#settled) return Promise.resolve()
    this.#settled = true
    return this.#origin.settle(this, settlement)
  }
}
