/**
 * Consumes one queue: keeps as many messages in hand as there is room for, says regularly that it still has them, and
 * acknowledges what is done. Nothing waits for a round trip: what is sent in one turn of the event loop is confirmed by
 * one answer of the server.
 */

import type { Msg } from '@nats-io/transport-node'
import type { Consumer, ConsumeOptions, Reply, Settlement, TransportOptions } from '../../transport.ts'
import { readClaim, words, type Claim } from './acks.ts'
import { NatsDelivery } from './delivery.ts'
import { replySubject } from './names.ts'
import { Pulls } from './pulls.ts'
import { bury, replyHeaders, setAside, type BurialMeans } from './set-aside.ts'
import { declareConsumer, declareStream, remakeStream } from './queues.ts'
import type { Wills } from './last-attempts.ts'

/** What a consumer needs beside its queue. */
export interface ConsumerMeans extends BurialMeans {
  readonly options: Pick<TransportOptions, 'visibility' | 'maxAttempts'>
  readonly wills: Wills
}

/** Room is asked for when it is an eighth of the whole, so that a request is for several messages. */
const share = 3
/** How long closing waits for a broker that is away, in milliseconds; what is not settled then is delivered again. */
const closeLimit = 2_000
const retryDelay = 500
/** What the headers of an answer may take of the server's limit, in bytes. */
const headerRoom = 4_096

/** A standing wish for the messages of one queue, on one connection. */
export class NatsConsumer implements Consumer {
  readonly queue: string
  readonly #options: ConsumeOptions
  readonly #means: ConsumerMeans
  readonly #pulls: Pulls
  readonly #renewal: NodeJS.Timeout
  readonly #inHand = new Map<number, NatsDelivery>()
  /** In hand, but beyond what may be worked on: the server was asked twice. */
  readonly #surplus: NatsDelivery[] = []
  /** Wills and burials on their way: what comes before a message is handed out, or in place of that. */
  readonly #chores = new Set<Promise<void>>()
  readonly #endings = new Set<Promise<void>>()
  #state: 'running' | 'stopped' | 'closed' = 'running'
  #mending: Promise<void> | undefined

  constructor(queue: string, options: ConsumeOptions, means: ConsumerMeans) {
    this.queue = queue
    this.#options = options
    this.#means = means
    const { visibility } = means.options
    this.#pulls = new Pulls(
      means.names.stream(queue),
      { socket: means.socket, visibility },
      {
        onMessage: (message) => this.#receive(message),
        onRoom: () => this.#fill(),
        onGone: () => void this.#mend(remakeStream),
      },
    )
    this.#renewal = setInterval(() => this.#renew(), means.options.visibility / 3)
    means.socket.watch({ onReady: () => void this.#comeBack(), onLost: () => this.#pulls.reset() })
  }

  /** Makes the queue where it is not, and begins to take messages. */
  async start(): Promise<this> {
    await declareStream(this.queue, this.#means)
    await declareConsumer(this.queue, this.#means.options.visibility, this.#means)
    this.#fill()
    return this
  }

  holds(sequence: number): boolean {
    return this.#inHand.has(sequence)
  }

  async stop(): Promise<void> {
    if (this.#state !== 'running') return
    this.#state = 'stopped'
    await this.#pulls.close()
    for (const delivery of this.#surplus.splice(0)) void delivery.settle({ kind: 'released' })
    await Promise.all(this.#chores)
  }

  /** Gives back what is still in hand, and stops saying that it is ours. Ends also while the broker is away. */
  async close(): Promise<void> {
    await Promise.race([this.#close(), after(closeLimit)])
    this.#state = 'closed'
    clearInterval(this.#renewal)
  }

  async #close(): Promise<void> {
    await this.stop()
    for (const delivery of this.#inHand.values()) void delivery.settle({ kind: 'released' })
    await Promise.all(this.#endings)
  }

  /** Asks for what there is room for. */
  #fill(): void {
    if (this.#state !== 'running' || !this.#means.socket.ready || this.#mending) return
    const { prefetch } = this.#options
    const room = prefetch - this.#inHand.size - this.#pulls.outstanding
    if (room >= Math.max(1, prefetch >> share)) this.#pulls.ask(room)
  }

  #receive(message: Msg): void {
    const claim = readClaim(message.reply)
    if (!claim) return
    const known = this.#inHand.get(claim.sequence)
    if (known) return this.#adopt(known, claim)
    const { wills, options } = this.#means
    if (claim.deliveries > options.maxAttempts) return keep(this.#chores, this.#bury(claim))
    const delivery = this.#take(message, claim)
    if (wills.isLastAttempt(claim)) keep(this.#chores, this.#leaveWill(delivery))
    else this.#hand(delivery)
  }

  #take(message: Msg, claim: Claim): NatsDelivery {
    const { names, options } = this.#means
    const routingKey = names.routingKey(message.subject)
    const origin = { queue: this.queue, routingKey, settle: this.#settle }
    const delivery = new NatsDelivery(message, { claim, ours: Date.now() + options.visibility, origin })
    this.#inHand.set(claim.sequence, delivery)
    return delivery
  }

  #hand(delivery: NatsDelivery): void {
    if (this.#inHand.size > this.#options.prefetch) this.#surplus.push(delivery)
    else this.#options.onDelivery(delivery)
  }

  /** The server thought that we had lost it, and gave it to us again. */
  #adopt(delivery: NatsDelivery, claim: Claim): void {
    delivery.claim = claim
    delivery.ours = Date.now() + this.#means.options.visibility
  }

  /** A will that cannot be left is no reason not to work. */
  async #leaveWill(delivery: NatsDelivery): Promise<void> {
    const { wills, log } = this.#means
    try {
      await wills.leave(this.queue, delivery.claim)
    } catch (err) {
      log.warn({ queue: this.queue, err }, 'could not say what becomes of a message if this process dies')
    }
    this.#hand(delivery)
  }

  async #bury(claim: Claim): Promise<void> {
    try {
      await bury(this.queue, { claim, attempts: claim.deliveries - 1 }, this.#means)
    } catch (err) {
      this.#means.log.warn(
        { queue: this.queue, err },
        'could not set aside a message that ended too many processes',
      )
    }
    if (this.#means.wills.isLastAttempt(claim)) await this.#means.wills.revoke(this.queue, claim)
    this.#fill()
  }

  readonly #settle = (delivery: NatsDelivery, settlement: Settlement): Promise<void> => {
    const ending = this.#end(delivery, settlement)
    this.#inHand.delete(delivery.claim.sequence)
    keep(this.#endings, ending)
    const next = this.#surplus.shift()
    if (next) this.#hand(next)
    this.#fill()
    return ending
  }

  /** Says how it ended, as long as the message is ours; where the connection breaks on the way, once more. */
  async #end(delivery: NatsDelivery, settlement: Settlement): Promise<void> {
    const { socket, wills, log } = this.#means
    const { queue, claim } = delivery
    while (!this.#isClosed() && (await this.#isOurs(delivery))) {
      try {
        await this.#say(delivery, this.#fitting(delivery, settlement))
        await socket.synced()
        if (wills.isLastAttempt(claim)) await wills.revoke(queue, claim)
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
  async #isOurs(delivery: NatsDelivery): Promise<boolean> {
    const left = delivery.ours - Date.now()
    return left > 0 && (this.#means.socket.ready || (await this.#means.socket.whenReady(left)))
  }

  #isClosed(): boolean {
    return this.#state === 'closed'
  }

  #say(delivery: NatsDelivery, settlement: Settlement): Promise<void> | void {
    const { socket } = this.#means
    const { claim } = delivery
    if (settlement.kind === 'released') return socket.send(claim.subject, words.giveBack)
    if (settlement.kind === 'dead') return this.#setAside(delivery, settlement)
    if (settlement.reply) this.#answer(settlement.reply)
    return socket.send(claim.subject, words.ack)
  }

  #answer(reply: Reply): void {
    this.#means.socket.send(replySubject(reply.queue), reply.body, { headers: replyHeaders(reply) })
  }

  async #setAside(
    delivery: NatsDelivery,
    { reason, reply }: { reason: string; reply?: Reply },
  ): Promise<void> {
    const { queue, routingKey, body, written, claim } = delivery
    const casualty = { queue, routingKey, body, written, sequence: claim.sequence }
    await setAside(casualty, { reason, attempts: claim.deliveries - 1 }, this.#means)
    if (reply) this.#answer(reply)
    this.#means.socket.send(claim.subject, words.ack)
  }

  /** An answer that the server would not take is no answer: the message is set aside, and its caller told why. */
  #fitting(delivery: NatsDelivery, settlement: Settlement): Settlement {
    if (settlement.kind !== 'done' || !settlement.reply) return settlement
    const { largest } = this.#means.socket
    if (settlement.reply.body.length * 3 + headerRoom <= largest) return settlement
    const size = Buffer.byteLength(settlement.reply.body)
    if (size + headerRoom <= largest) return settlement
    const reason = `its answer of ${size} bytes is larger than NATS takes here (max_payload is ${largest})`
    const reply = this.#means.obituary(delivery, reason)
    return reply ? { kind: 'dead', reason, reply } : { kind: 'dead', reason }
  }

  /** Says that we still have what was not said so for a while. */
  #renew(): void {
    this.#pulls.check()
    const { socket, options } = this.#means
    if (!socket.ready) return
    const now = Date.now()
    const due = [...this.#inHand.values()].filter(
      ({ ours }) => ours - now < (options.visibility * 2) / 3 + slack,
    )
    if (due.length === 0) return
    for (const { claim } of due) socket.send(claim.subject, words.working)
    const renewed = (): void =>
      due.forEach((delivery) => (delivery.ours = Math.max(delivery.ours, now + options.visibility)))
    socket.synced().then(renewed, () => {})
  }

  async #comeBack(): Promise<void> {
    this.#renew()
    if (this.#state === 'running') await this.#mend()
  }

  /** After a reconnect, and where somebody removed the queue, it is made again. */
  #mend(makeStream = declareStream): Promise<void> {
    this.#mending ??= this.#declare(makeStream).finally(() => {
      this.#mending = undefined
      this.#fill()
    })
    return this.#mending
  }

  async #declare(makeStream: typeof declareStream): Promise<void> {
    while (this.#state === 'running' && this.#means.socket.ready) {
      try {
        await makeStream(this.queue, this.#means)
        return await declareConsumer(this.queue, this.#means.options.visibility, this.#means)
      } catch (err) {
        if (this.#means.socket.ready)
          this.#means.log.warn({ queue: this.queue, err }, 'could not declare the queue again')
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
