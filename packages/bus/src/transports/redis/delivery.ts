/** A claimed message, and the pushes that each way of settling it makes. */

import type { Delivery, Settlement } from '../../transport.ts'
import { deadList, encodeReply, rewrite, type RedisMessage } from './kombu.ts'

/** The reason for setting aside a text that cannot be read. */
export const notAMessage = 'it is not a kombu message: not a JSON object'

/** The identity of a claim, and how it is ended. */
export interface Claim {
  readonly id: string
  /** The message exactly as it was stored on its queue. */
  readonly text: string
  /** Ends the claim; `pushes` are triples of how, list and text. */
  readonly settle: (id: string, pushes: readonly string[]) => Promise<void>
}

/** A message delivered to a consumer on Redis. */
export class RedisDelivery implements Delivery {
  readonly #message: RedisMessage
  readonly #claim: Claim
  #settled = false

  constructor(message: RedisMessage, claim: Claim) {
    this.#message = message
    this.#claim = claim
  }

  get queue(): string {
    return this.#message.queue
  }

  get routingKey(): string {
    return this.#message.routingKey
  }

  get body(): string {
    return this.#message.body
  }

  get contentType(): string {
    return this.#message.contentType
  }

  get headers(): Delivery['headers'] {
    return this.#message.headers
  }

  get replyTo(): string | undefined {
    return this.#message.replyTo
  }

  get redelivered(): boolean {
    return this.#message.redelivered
  }

  get fault(): Delivery['fault'] {
    return this.#message.fault
  }

  settle(settlement: Settlement): Promise<void> {
    if (this.#settled) return Promise.resolve()
    this.#settled = true
    return this.#claim.settle(this.#claim.id, this.#pushes(settlement))
  }

  #pushes(settlement: Settlement): string[] {
    const { list, queue, redelivered } = this.#message
    const { text } = this.#claim
    if (settlement.kind === 'released') return ['first', list, rewrite(text, { redelivered: true })]
    const { reply } = settlement
    const answer = reply ? ['answer', reply.queue, encodeReply(reply)] : []
    if (settlement.kind === 'done') return answer
    return [...answer, ...setAside(queue, text, settlement.reason, redelivered)]
  }
}

/** Returns the push that sets a text aside. */
export function setAside(queue: string, text: string, reason: string, redelivered = false): string[] {
  const dead = { reason, at: new Date().toISOString(), queue }
  return ['last', deadList(queue), rewrite(text, { dead, redelivered })]
}
