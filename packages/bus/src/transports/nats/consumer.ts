/**
 * Consumes one queue: requests as many messages as prefetch allows, renews the time to acknowledge them, and settles
 * finished ones. Everything sent in one turn of the event loop is confirmed in one round trip.
 */

import type { Msg } from '@nats-io/transport-node'
import type { Consumer, ConsumeOptions, Reply, Settlement, TransportOptions } from '../../transport.ts'
import { readClaim, ackTypes, type Claim } from './acks.ts'
import { NatsDelivery } from './delivery.ts'
import { replySubject } from './names.ts'
import { Pulls } from './pulls.ts'
import { setAsideAbandoned, replyHeaders, setAside, type SetAsideDeps } from './set-aside.ts'
import { declareConsumer, declareStream, recreateStream } from './queues.ts'
import type { LastAttempts } from './last-attempts.ts'

/** What a consumer needs besides its queue. */
export interface ConsumerDeps extends SetAsideDeps {
  readonly options: Pick<TransportOptions, 'visibility' | 'maxAttempts'>
  readonly lastAttempts: LastAttempts
}

/** Messages are requested when an eighth of prefetch is free (a shift by 3), so that a request is for several. */
const share = 3
/** How long closing waits for pending settlements, in milliseconds; messages not settled by then are redelivered. */
const closeTimeout = 2_000
const retryDelay = 500
/** How much of the server's size limit is reserved for the headers of a reply, in bytes. */
const headerAllowance = 4_096

/** A subscription to the messages of one queue. */
export class NatsConsumer implements Consumer {
  readonly queue: string
  readonly #options: ConsumeOptions
  readonly #deps: ConsumerDeps
  readonly #pulls: Pulls
  readonly #renewal: NodeJS.Timeout
  readonly #unsettled = new Map<number, NatsDelivery>()
  /** Messages beyond prefetch, which arrive when a lost request and its repetition are both answered. */
  readonly #surplus: NatsDelivery[] = []
  /** What is being done before or instead of a delivery: recording last attempts, setting messages aside. */
  readonly #preparing = new Set<Promise<void>>()
  readonly #settling = new Set<Promise<void>>()
  #state: 'running' | 'stopped' | 'closed' = 'running'
  #redeclaring: Promise<void> | undefined

  constructor(queue: string, options: ConsumeOptions, deps: ConsumerDeps) {
    this.queue = queue
    this.#options = options
    this.#deps = deps
    const { visibility } = deps.options
    this.#pulls = new Pulls(
      deps.names.stream(queue),
      { socket: deps.socket, visibility },
      {
        onMessage: (message) => this.#receive(message),
        onCapacity: () => this.#fill(),
        onStreamGone: () => void this.#redeclare(recreateStream),
      },
    )
    this.#renewal = setInterval(() => this.#renew(), deps.options.visibility / 3)
    deps.socket.watch({ onReady: () => void this.#reconnected(), onLost: () => this.#pulls.reset() })
  }

  /** Declares the queue, and starts to request messages. */
  async start(): Promise<this> {
    await declareStream(this.queue, this.#deps)
    await declareConsumer(this.queue, this.#deps.options.visibility, this.#deps)
    this.#fill()
    return this
  }

  holds(sequence: number): boolean {
    return this.#unsettled.has(sequence)
  }

  async stop(): Promise<void> {
    if (this.#state !== 'running') return
    this.#state = 'stopped'
    await this.#pulls.close()
    for (const delivery of this.#surplus.splice(0)) void delivery.settle({ kind: 'released' })
    await Promise.all(this.#preparing)
  }

  /** Releases unsettled messages and stops renewing them. Ends while the broker is down, too. */
  async close(): Promise<void> {
    await Promise.race([this.#close(), after(closeTimeout)])
    this.#state = 'closed'
    clearInterval(this.#renewal)
  }

  async #close(): Promise<void> {
    await this.stop()
    for (const delivery of this.#unsettled.values()) void delivery.settle({ kind: 'released' })
    await Promise.all(this.#settling)
  }

  /** Requests as many messages as there is capacity for. */
  #fill(): void {
    if (this.#state !== 'running' || !this.#deps.socket.ready || this.#redeclaring) return
    const { prefetch } = this.#options
    const capacity = prefetch - this.#unsettled.size - this.#pulls.outstanding
    if (capacity >= Math.max(1, prefetch >> share)) this.#pulls.ask(capacity)
  }

  #receive(message: Msg): void {
    const claim = readClaim(message.reply)
    if (!claim) return
    const known = this.#unsettled.get(claim.sequence)
    if (known) return this.#updateClaim(known, claim)
    const { lastAttempts, options } = this.#deps
    if (claim.deliveries > options.maxAttempts) return keep(this.#preparing, this.#setAsideAbandoned(claim))
    const delivery = this.#take(message, claim)
    if (lastAttempts.isLastAttempt(claim)) keep(this.#preparing, this.#recordLastAttempt(delivery))
    else this.#deliver(delivery)
  }

  #take(message: Msg, claim: Claim): NatsDelivery {
    const { names, options } = this.#deps
    const routingKey = names.routingKey(message.subject)
    const origin = { queue: this.queue, routingKey, settle: this.#settle }
    const delivery = new NatsDelivery(message, { claim, ours: Date.now() + options.visibility, origin })
    this.#unsettled.set(claim.sequence, delivery)
    return delivery
  }

  #deliver(delivery: NatsDelivery): void {
    if (this.#unsettled.size > this.#options.prefetch) this.#surplus.push(delivery)
    else this.#options.onDelivery(delivery)
  }

  /** Takes over the claim of a message that the server has delivered again to this consumer. */
  #updateClaim(delivery: NatsDelivery, claim: Claim): void {
    delivery.claim = claim
    delivery.heldUntil = Date.now() + this.#deps.options.visibility
  }

  /** Records the last attempt, then delivers the message, even when recording fails. */
  async #recordLastAttempt(delivery: NatsDelivery): Promise<void> {
    const { lastAttempts, log } = this.#deps
    try {
      await lastAttempts.record(this.queue, delivery.claim)
    } catch (err) {
      log.warn({ queue: this.queue, err }, 'could not record the last attempt at a message')
    }
    this.#deliver(delivery)
  }

  async #setAsideAbandoned(claim: Claim): Promise<void> {
    try {
      await setAsideAbandoned(this.queue, { claim, attempts: claim.deliveries - 1 }, this.#deps)
    } catch (err) {
      this.#deps.log.warn({ queue: this.queue, err }, 'could not set aside a message whose processes died')
    }
    if (this.#deps.lastAttempts.isLastAttempt(claim)) await this.#deps.lastAttempts.remove(this.queue, claim)
    this.#fill()
  }

  readonly #settle = (delivery: NatsDelivery, settlement: Settlement): Promise<void> => {
    const settling = this.#settleNow(delivery, settlement)
    this.#unsettled.delete(delivery.claim.sequence)
    keep(this.#settling, settling)
    const next = this.#surplus.shift()
    if (next) this.#deliver(next)
    this.#fill()
    return settling
  }

  /** Settles the message while this consumer holds it; tries again when the connection breaks in the meantime. */
  async #settleNow(delivery: NatsDelivery, settlement: Settlement): Promise<void> {
    const { socket, lastAttempts, log } = this.#deps
    const { queue, claim } = delivery
    while (!this.#isClosed() && (await this.#isHeld(delivery))) {
      try {
        await this.#send(delivery, this.#checkReplySize(delivery, settlement))
        await socket.synced()
        if (lastAttempts.isLastAttempt(claim)) await lastAttempts.remove(queue, claim)
        return
      } catch (err) {
        if (socket.ready) throw err
      }
    }
    log.warn(
      { queue, routingKey: delivery.routingKey },
      'could not settle a message in time; another consumer may have received it',
    )
  }

  /** Waits for the connection, at most until another consumer can receive the message. */
  async #isHeld(delivery: NatsDelivery): Promise<boolean> {
    const left = delivery.heldUntil - Date.now()
    return left > 0 && (this.#deps.socket.ready || (await this.#deps.socket.whenReady(left)))
  }

  #isClosed(): boolean {
    return this.#state === 'closed'
  }

  #send(delivery: NatsDelivery, settlement: Settlement): Promise<void> | void {
    const { socket } = this.#deps
    const { claim } = delivery
    if (settlement.kind === 'released') return socket.send(claim.subject, ackTypes.nak)
    if (settlement.kind === 'dead') return this.#setAside(delivery, settlement)
    if (settlement.reply) this.#sendReply(settlement.reply)
    return socket.send(claim.subject, ackTypes.ack)
  }

  #sendReply(reply: Reply): void {
    this.#deps.socket.send(replySubject(reply.queue), reply.body, { headers: replyHeaders(reply) })
  }

  async #setAside(
    delivery: NatsDelivery,
    { reason, reply }: { reason: string; reply?: Reply },
  ): Promise<void> {
    const { queue, routingKey, data, rawHeaders, claim } = delivery
    const deadLetter = { queue, routingKey, body: data, headers: rawHeaders, sequence: claim.sequence }
    await setAside(deadLetter, { reason, attempts: claim.deliveries - 1 }, this.#deps)
    if (reply) this.#sendReply(reply)
    this.#deps.socket.send(claim.subject, ackTypes.ack)
  }

  /** When the server would refuse the reply for its size, sets the message aside and sends the caller the reason. */
  #checkReplySize(delivery: NatsDelivery, settlement: Settlement): Settlement {
    if (settlement.kind !== 'done' || !settlement.reply) return settlement
    const { maxPayload } = this.#deps.socket
    if (settlement.reply.body.length * 3 + headerAllowance <= maxPayload) return settlement
    const size = Buffer.byteLength(settlement.reply.body)
    if (size + headerAllowance <= maxPayload) return settlement
    const reason = `its answer has ${size} bytes, more than the server accepts (max_payload is ${maxPayload})`
    const reply = this.#deps.abandonedReply(delivery, reason)
    return reply ? { kind: 'dead', reason, reply } : { kind: 'dead', reason }
  }

  /** Renews the time to acknowledge the messages that need it soon. */
  #renew(): void {
    this.#pulls.check()
    const { socket, options } = this.#deps
    if (!socket.ready) return
    const now = Date.now()
    const due = [...this.#unsettled.values()].filter(
      ({ heldUntil }) => heldUntil - now < (options.visibility * 2) / 3 + slack,
    )
    if (due.length === 0) return
    for (const { claim } of due) socket.send(claim.subject, ackTypes.working)
    const renewed = (): void =>
      due.forEach((delivery) => (delivery.heldUntil = Math.max(delivery.heldUntil, now + options.visibility)))
    socket.synced().then(renewed, () => {})
  }

  async #reconnected(): Promise<void> {
    this.#renew()
    if (this.#state === 'running') await this.#redeclare()
  }

  /** Declares the queue again after a reconnect or after it was deleted. */
  #redeclare(makeStream = declareStream): Promise<void> {
    this.#redeclaring ??= this.#declare(makeStream).finally(() => {
      this.#redeclaring = undefined
      this.#fill()
    })
    return this.#redeclaring
  }

  async #declare(makeStream: typeof declareStream): Promise<void> {
    while (this.#state === 'running' && this.#deps.socket.ready) {
      try {
        await makeStream(this.queue, this.#deps)
        return await declareConsumer(this.queue, this.#deps.options.visibility, this.#deps)
      } catch (err) {
        if (this.#deps.socket.ready)
          this.#deps.log.warn({ queue: this.queue, err }, 'could not declare the queue again')
        await after(retryDelay)
      }
    }
  }
}

/** How late a timer may run, in milliseconds. */
const slack = 50

function after(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds).unref())
}

/** Keeps a promise in the set until it settles. */
function keep(set: Set<Promise<void>>, work: Promise<void>): void {
  const quiet = work.catch(() => {}).finally(() => set.delete(quiet))
  set.add(quiet)
}
