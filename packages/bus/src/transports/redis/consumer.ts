/**
 * Consumes one queue: claims as many messages as there is room for, and settles what is done, in one script a turn of
 * the event loop.
 *
 * A consumer is always in one of four states. `eager`: the queue may have more, ask with the next turn. `claiming`: an
 * answer is on its way. `waiting`: the queue was empty, a second connection waits for its next message. `stopped`.
 */

import { randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import type { Logger } from '../../logger.ts'
import type { Consumer, ConsumeOptions } from '../../transport.ts'
import { noMessage, RedisDelivery, setAside } from './delivery.ts'
import { deadList, decodeMessage, listsOf, type ClaimKeys } from './kombu.ts'
import { renew, turn } from './scripts.ts'
import { isReply, textsIn, type Argument, type Socket } from './socket.ts'

/** What a consumer needs beside its queue. */
export interface ConsumerMeans {
  readonly socket: Socket
  /** A connection of its own, for waiting. */
  readonly waiter: Socket
  readonly keys: ClaimKeys
  readonly visibility: number
  readonly log: Logger
}

/** Small, so that Redis, the callers and this process work at the same time and not in turns. */
const largestTurn = 32
/** Ids of more than 64 characters: with shorter ones Redis would keep its sorted sets as lists, and walk through them. */
const idBytes = 39
const waitSeconds = 1
/** How long closing waits for a broker that is away, in milliseconds; what is not settled then is restored later. */
const closeLimit = 2_000
const retryDelay = 500

interface Ending {
  readonly id: string
  readonly pushes: readonly string[]
  resolve(): void
}

/** A standing wish for the messages of one queue, on one connection. */
export class RedisConsumer implements Consumer {
  readonly #queue: string
  readonly #options: ConsumeOptions
  readonly #means: ConsumerMeans
  readonly #keys: string[]
  readonly #prefix = `commissaire-${randomBytes(idBytes).toString('base64url')}:`
  readonly #tail: string
  readonly #inHand = new Map<string, RedisDelivery>()
  readonly #renewal: NodeJS.Timeout
  #endings: Ending[] = []
  #state: 'eager' | 'claiming' | 'waiting' | 'stopped' = 'eager'
  #claimed = 0
  #scheduled = false
  #sending = 0
  #quiet: (() => void)[] = []

  constructor(queue: string, options: ConsumeOptions, means: ConsumerMeans) {
    this.#queue = queue
    this.#options = options
    this.#means = means
    const { index, unacked, leases } = means.keys
    this.#keys = [index, unacked, leases, ...listsOf(queue)]
    // The exchange is the default one: whoever restores the claim puts it back on this queue and no other.
    this.#tail = `,"",${JSON.stringify(queue)}]`
    this.#renewal = setInterval(() => void this.#renew(), means.visibility / 3)
    means.socket.watch({ onReady: () => this.#schedule(), onLost: () => {} })
    this.#schedule()
  }

  async stop(): Promise<void> {
    this.#state = 'stopped'
    this.#means.waiter.close()
    if (this.#sending > 0) await this.#nextQuiet()
  }

  /** Gives back what is still in hand, and stops saying that it is ours. Ends also while the broker is away. */
  async close(): Promise<void> {
    await this.stop()
    for (const delivery of this.#inHand.values()) void delivery.settle({ kind: 'released' })
    await Promise.race([this.#untilSettled(), setTimeout(closeLimit, undefined, { ref: false })])
    clearInterval(this.#renewal)
  }

  /** Ends a claim, with the next turn. */
  readonly #settle = (id: string, pushes: readonly string[]): Promise<void> =>
    new Promise((resolve) => {
      this.#inHand.delete(id)
      this.#endings.push({ id, pushes, resolve })
      this.#schedule()
    })

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    process.nextTick(this.#turn)
  }

  readonly #turn = (): void => {
    this.#scheduled = false
    if (!this.#means.socket.ready) return
    const room =
      this.#state === 'eager' ? Math.min(largestTurn, this.#options.prefetch - this.#inHand.size) : 0
    if (this.#endings.length === 0 && room <= 0) return
    void this.#send(this.#endings.splice(0, largestTurn), Math.max(0, room))
    if (this.#endings.length > 0) this.#schedule()
  }

  async #send(endings: Ending[], room: number): Promise<void> {
    const first = this.#claimed
    this.#claimed += room
    if (room > 0) this.#state = 'claiming'
    this.#sending++
    try {
      const texts = await this.#means.socket.run(turn, this.#keys, this.#arguments(endings, room, first))
      for (const ending of endings) ending.resolve()
      if (room > 0) this.#take(textsIn(texts), { first, room })
    } catch (error) {
      this.#retry(endings, room, error)
    } finally {
      if (--this.#sending === 0) for (const resolve of this.#quiet.splice(0)) resolve()
    }
  }

  #arguments(endings: readonly Ending[], room: number, first: number): Argument[] {
    const args: Argument[] = [endings.length]
    for (const { id, pushes } of endings) args.push(id, pushes.length / 3, ...pushes)
    args.push(room)
    if (room > 0) {
      args.push(this.#means.visibility, this.#prefix, first, this.#tail, deadList(this.#queue))
    }
    return args
  }

  #take(texts: readonly string[], { first, room }: { first: number; room: number }): void {
    if (this.#state === 'claiming') this.#state = 'eager'
    const deliveries = texts.map((text, index) => this.#receive(`${this.#prefix}${first + index}`, text))
    // A full turn says that there is more: Redis looks for it while the handlers work.
    if (texts.length === room) this.#turn()
    for (const delivery of deliveries) if (delivery) this.#deliver(delivery)
    if (this.#state !== 'eager') return
    if (texts.length === 0) void this.#wait()
    // Handlers that are quick have settled by then, and their turn has asked already.
    else setImmediate(() => this.#schedule())
  }

  #receive(id: string, text: string): RedisDelivery | undefined {
    const message = text === '' ? undefined : decodeMessage(text, this.#queue)
    if (!message) return this.#setAside(id, text)
    const delivery = new RedisDelivery(message, { id, text, settle: this.#settle })
    this.#inHand.set(id, delivery)
    return delivery
  }

  #deliver(delivery: RedisDelivery): void {
    if (this.#state === 'stopped') void delivery.settle({ kind: 'released' })
    else this.#options.onDelivery(delivery)
  }

  /** Of an empty text the script has disposed already. */
  #setAside(id: string, text: string): undefined {
    this.#means.log.warn({ queue: this.#queue }, 'set aside something on the queue that is no message')
    if (text === '') return undefined
    this.#endings.push({ id, pushes: setAside(this.#queue, text, noMessage), resolve: () => {} })
    this.#schedule()
    return undefined
  }

  /** Waits for the next message without taking it: the list is moved onto itself. */
  async #wait(): Promise<void> {
    this.#state = 'waiting'
    try {
      await this.#means.waiter.call('BLMOVE', this.#queue, this.#queue, 'RIGHT', 'RIGHT', waitSeconds)
    } catch (error) {
      if (isReply(error))
        this.#means.log.error({ queue: this.#queue, err: error }, 'cannot wait for messages')
      await this.#means.waiter.whenReady()
      if (isReply(error)) await setTimeout(retryDelay)
    }
    if (this.#state !== 'waiting') return
    this.#state = 'eager'
    this.#schedule()
  }

  /** Settling twice is harmless. What a broken claim may have taken is restored when its lease runs out. */
  #retry(endings: Ending[], room: number, error: unknown): void {
    this.#endings.unshift(...endings)
    if (room > 0 && this.#state === 'claiming') this.#state = 'eager'
    if (!isReply(error)) return
    this.#means.log.error(
      { queue: this.#queue, err: error },
      'Redis refused to settle or to claim; trying again',
    )
    void setTimeout(retryDelay).then(() => this.#schedule())
  }

  async #renew(): Promise<void> {
    const { socket, keys, visibility, log } = this.#means
    const ids = [...this.#inHand.keys(), ...this.#endings.map((ending) => ending.id)]
    if (ids.length === 0 || !socket.ready) return
    try {
      const lost = await socket.run(renew, [keys.index, keys.leases], [visibility, ...ids])
      for (const id of textsIn(lost)) {
        if (this.#inHand.has(id))
          log.warn({ queue: this.#queue, id }, 'a message in hand was given to somebody else')
      }
    } catch (err) {
      log.warn({ queue: this.#queue, err }, 'could not renew the claims of the messages in hand')
    }
  }

  async #untilSettled(): Promise<void> {
    while (this.#endings.length > 0 || this.#sending > 0) await this.#nextQuiet()
  }

  /** Resolves when nothing is on its way any more. */
  #nextQuiet(): Promise<void> {
    return new Promise((resolve) => this.#quiet.push(resolve))
  }
}
