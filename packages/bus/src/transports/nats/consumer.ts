/**
 * Consumes one queue: keeps as many messages in hand as there is room for, says regularly that it still has them, and
 * acknowledges what is done. Nothing waits for a round trip: what is sent in one turn of the event loop is confirmed by
 * one answer of the server.
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

/** What a consumer needs beside its queue. */
export interface ConsumerDeps extends SetAsideDeps {
  readonly options: Pick<TransportOptions, 'visibility' | 'maxAttempts'>
  readonly lastAttempts: LastAttempts
}

/** Room is asked for when it is an eighth of the whole, so that a request is for several messages. */
const share = 3
/** How long closing waits for a broker that is away, in milliseconds; what is not settled then is delivered again. */
const closeTimeout = 2_000
const retryDelay = 500
/** What the headers of an answer may take of the server's limit, in bytes. */
const headerAllowance = 4_096

/** A standing wish for the messages of one queue, on one connection. */
export class NatsConsumer implements Consumer {
  readonly queue: string
  readonly #options: ConsumeOptions
  readonly #deps: ConsumerDeps
  readonly #pulls: Pulls
  readonly #renewal: NodeJS.Timeout
  readonly #unsettled = new Map<number, NatsDelivery>()
  /** In hand, but beyond what may be worked on: the server was asked twice. */
  readonly #surplus: NatsDelivery[] = []
  /** Wills and burials on their way: what comes before a message is handed out, or in place of that. */
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

  /** Makes the queue where it is not, and begins to take messages. */
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

  /** Gives back what is still in hand, and stops saying that it is ours. Ends also while the broker is away. */
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

  /** Asks for what there is room for. */
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

  /** The server thought that we had lost it, and gave it to us again. */
  #updateClaim(delivery: NatsDelivery, claim: Claim): void {
    delivery.claim = claim
    delivery.heldUntil = Date.now() + this.#deps.options.visibility
  }

  /** A will that cannot be left is no reason not to work. */
  async #recordLastAttempt(delivery: NatsDelivery): Promise<void> {
    const { lastAttempts, log } = this.#deps
    try {
      await lastAttempts.record(this.queue, delivery.claim)
    } catch (err) {
      log.warn({ queue: this.queue, err }, 'could not say what becomes of a message if this process dies')
    }
    this.#deliver(delivery)
  }

  async #setAsideAbandoned(claim: Claim): Promise<void> {
    try {
      await setAsideAbandoned(this.queue, { claim, attempts: claim.deliveries - 1 }, this.#deps)
    } catch (err) {
      this.#deps.log.warn(
        { queue: this.queue, err },
        'could not set aside a message that ended too many processes',
      )
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

  /** Says how it ended, as long as the message is ours; where the connection breaks on the way, once more. */
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
      'a message that was done may have been given to somebody else',
    )
  }

  /** Waits for a connection that is away, but no longer than the message is ours. */
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
    const { queue, routingKey, body, rawHeaders, claim } = delivery
    const deadLetter = { queue, routingKey, body, headers: rawHeaders, sequence: claim.sequence }
    await setAside(deadLetter, { reason, attempts: claim.deliveries - 1 }, this.#deps)
    if (reply) this.#sendReply(reply)
    this.#deps.socket.send(claim.subject, ackTypes.ack)
  }

  /** An answer that the server would not take is no answer: the message is set aside, and its caller told why. */
  #checkReplySize(delivery: NatsDelivery, settlement: Settlement): Settlement {
    if (settlement.kind !== 'done' || !settlement.reply) return settlement
    const { largest } = this.#deps.socket
    if (settlement.reply.body.length * 3 + headerAllowance <= largest) return settlement
    const size = Buffer.byteLength(settlement.reply.body)
    if (size + headerAllowance <= largest) return settlement
    const reason = `its answer of ${size} bytes is larger than NATS takes here (max_payload is ${largest})`
    const reply = this.#deps.abandonedReply(delivery, reason)
    return reply ? { kind: 'dead', reason, reply } : { kind: 'dead', reason }
  }

  /** Says that we still have what was not said so for a while. */
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

  /** After a reconnect, and where somebody removed the queue, it is made again. */
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

/** What a timer may be late, in milliseconds. */
const slack = 50

function after(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds).unref())
}

/** Remembers what is on its way for as long as it is. */
function keep(set: Set<Promise<void>>, work: Promise<void>): void {
  const quiet = work.catch(() => {}).finally(() => set.delete(quiet))
  set.add(quiet)
}
