/** A claimed message, and what each way of ending it pushes where. */

import type { Delivery, Settlement } from '../../transport.ts'
import { deadList, encodeReply, rewrite, type KombuMessage } from './kombu.ts'

/** Why something is set aside that cannot be read at all. */
export const noMessage = 'it is no message of kombu: not a JSON object'

/** What a claim is known by, and how it is ended. */
export interface Claim {
  readonly id: string
  /** The message exactly as it lay on its queue. */
  readonly text: string
  /** Ends the claim; `pushes` are triples of how, list and text. */
  readonly settle: (id: string, pushes: readonly string[]) => Promise<void>
}

/** A message in the hands of a consumer on Redis. */
export class RedisDelivery implements Delivery {
  readonly #message: KombuMessage
  readonly #claim: Claim
  #settled = false

  constructor(message: KombuMessage, claim: Claim) {
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

/** The push that sets a text aside. */
export function setAside(queue: string, text: string, reason: string, redelivered = false): string[] {
  const dead = { reason, at: new Date().toISOString(), queue }
  return ['last', deadList(queue), rewrite(text, { dead, redelivered })]
}
