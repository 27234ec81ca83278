/**
 * Consumes one queue: claims as many messages as prefetch allows and settles finished ones, with one script per turn of
 * the event loop.
 *
 * A consumer is in one of four states. `eager`: the queue may have more messages, claim with the next turn. `claiming`:
 * a claim is in flight. `waiting`: the queue was empty, a second connection waits for its next message. `stopped`.
 */

import { randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import type { Complaints } from '../../edge/complaints.ts'
import type { Logger } from '../../logger.ts'
import type { Consumer, ConsumeOptions } from '../../transport.ts'
import { notAMessage, RedisDelivery, setAside } from './delivery.ts'
import { deadList, decodeMessage, listsOf, type ClaimKeys } from './kombu.ts'
import { renew, settleAndClaim } from './scripts.ts'
import { isReply, textsIn, type Argument, type Socket } from './socket.ts'

/** What a consumer needs besides its queue. */
export interface ConsumerDeps {
  readonly socket: Socket
  /** The connection that waits for messages. */
  readonly waiter: Socket
  readonly keys: ClaimKeys
  readonly visibility: number
  readonly log: Logger
  readonly complaints: Pick<Complaints, 'warn'>
}

/** Small, so that Redis, the callers and this process work in parallel instead of waiting for each other. */
const maxBatch = 32
/** Makes ids longer than 64 characters: with shorter ones Redis stores small sorted sets as lists, which are slow. */
const idBytes = 39
const waitSeconds = 1
/** How long closing waits for pending settlements, in milliseconds; messages not settled by then are redelivered. */
const closeTimeout = 2_000
const retryDelay = 500

interface PendingSettlement {
  readonly id: string
  readonly pushes: readonly string[]
  resolve(): void
}

/** A subscription to the messages of one queue. */
export class RedisConsumer implements Consumer {
  readonly #queue: string
  readonly #options: ConsumeOptions
  readonly #deps: ConsumerDeps
  readonly #keys: string[]
  readonly #idPrefix = `commissaire-${randomBytes(idBytes).toString('base64url')}:`
  readonly #claimSuffix: string
  readonly #unsettled = new Map<string, RedisDelivery>()
  readonly #renewal: NodeJS.Timeout
  #settlements: PendingSettlement[] = []
  #state: 'eager' | 'claiming' | 'waiting' | 'stopped' = 'eager'
  #claimed = 0
  #scheduled = false
  #sending = 0
  #idleWaiters: (() => void)[] = []

  constructor(queue: string, options: ConsumeOptions, deps: ConsumerDeps) {
    this.#queue = queue
    this.#options = options
    this.#deps = deps
    const { index, unacked, leases } = deps.keys
    this.#keys = [index, unacked, leases, ...listsOf(queue)]
    // Names the default exchange, so that a process that restores the claim puts the message back on this queue only.
    this.#claimSuffix = `,"",${JSON.stringify(queue)}]`
    this.#renewal = setInterval(() => void this.#renew(), deps.visibility / 3)
    deps.socket.watch({ onReady: () => this.#schedule(), onLost: () => {} })
    this.#schedule()
  }

  async stop(): Promise<void> {
    this.#state = 'stopped'
    this.#deps.waiter.close()
    if (this.#sending > 0) await this.#nextIdle()
  }

  /** Releases unsettled messages and stops renewing their claims. Ends while the broker is down, too. */
  async close(): Promise<void> {
    await this.stop()
    for (const delivery of this.#unsettled.values()) void delivery.settle({ kind: 'released' })
    await Promise.race([this.#untilSettled(), setTimeout(closeTimeout, undefined, { ref: false })])
    clearInterval(this.#renewal)
  }

  /** Ends a claim with the next script. */
  readonly #settle = (id: string, pushes: readonly string[]): Promise<void> =>
    new Promise((resolve) => {
      this.#unsettled.delete(id)
      this.#settlements.push({ id, pushes, resolve })
      this.#schedule()
    })

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    process.nextTick(this.#flush)
  }

  readonly #flush = (): void => {
    this.#scheduled = false
    if (!this.#deps.socket.ready) return
    const capacity =
      this.#state === 'eager' ? Math.min(maxBatch, this.#options.prefetch - this.#unsettled.size) : 0
    if (this.#settlements.length === 0 && capacity <= 0) return
    void this.#send(this.#settlements.splice(0, maxBatch), Math.max(0, capacity))
    if (this.#settlements.length > 0) this.#schedule()
  }

  async #send(settlements: PendingSettlement[], capacity: number): Promise<void> {
    const first = this.#claimed
    this.#claimed += capacity
    if (capacity > 0) this.#state = 'claiming'
    this.#sending++
    try {
      const texts = await this.#deps.socket.run(
        settleAndClaim,
        this.#keys,
        this.#arguments(settlements, capacity, first),
      )
      for (const settlement of settlements) settlement.resolve()
      if (capacity > 0) this.#receiveBatch(textsIn(texts), { first, capacity })
    } catch (error) {
      this.#retry(settlements, capacity, error)
    } finally {
      if (--this.#sending === 0) for (const resolve of this.#idleWaiters.splice(0)) resolve()
    }
  }

  #arguments(settlements: readonly PendingSettlement[], capacity: number, first: number): Argument[] {
    const args: Argument[] = [settlements.length]
    for (const { id, pushes } of settlements) args.push(id, pushes.length / 3, ...pushes)
    args.push(capacity)
    if (capacity > 0) {
      args.push(this.#deps.visibility, this.#idPrefix, first, this.#claimSuffix, deadList(this.#queue))
    }
    return args
  }

  #receiveBatch(texts: readonly string[], { first, capacity }: { first: number; capacity: number }): void {
    if (this.#state === 'claiming') this.#state = 'eager'
    const deliveries = texts.map((text, index) => this.#receive(`${this.#idPrefix}${first + index}`, text))
    // A full batch means that there may be more: Redis claims it while the handlers run.
    if (texts.length === capacity) this.#flush()
    for (const delivery of deliveries) if (delivery) this.#deliver(delivery)
    if (this.#state !== 'eager') return
    if (texts.length === 0) void this.#wait()
    // Quick handlers have settled by then, and the script that settles also claims.
    else setImmediate(() => this.#schedule())
  }

  #receive(id: string, text: string): RedisDelivery | undefined {
    const message = text === '' ? undefined : decodeMessage(text, this.#queue)
    if (!message) return this.#setAside(id, text)
    const delivery = new RedisDelivery(message, { id, text, settle: this.#settle })
    this.#unsettled.set(id, delivery)
    return delivery
  }

  #deliver(delivery: RedisDelivery): void {
    if (this.#state === 'stopped') void delivery.settle({ kind: 'released' })
    else this.#options.onDelivery(delivery)
  }

  /** Sets aside a text that is not a message; the script has already set aside what it returns as an empty text. */
  #setAside(id: string, text: string): undefined {
    this.#deps.complaints.warn(
      { queue: this.#queue },
      'set aside an element of the queue that is not a message',
    )
    if (text === '') return undefined
    this.#settlements.push({ id, pushes: setAside(this.#queue, text, notAMessage), resolve: () => {} })
    this.#schedule()
    return undefined
  }

  /** Waits for the next message without taking it: moves the last element of the list to its own place. */
  async #wait(): Promise<void> {
    this.#state = 'waiting'
    try {
      await this.#deps.waiter.call('BLMOVE', this.#queue, this.#queue, 'RIGHT', 'RIGHT', waitSeconds)
    } catch (error) {
      if (isReply(error))
        this.#deps.log.error({ queue: this.#queue, err: error }, 'could not wait for messages; trying again')
      await this.#deps.waiter.whenReady()
      if (isReply(error)) await setTimeout(retryDelay)
    }
    if (this.#state !== 'waiting') return
    this.#state = 'eager'
    this.#schedule()
  }

  /** Repeats the settlements, which is safe. Messages claimed by a failed script are restored when their lease expires. */
  #retry(settlements: PendingSettlement[], capacity: number, error: unknown): void {
    this.#settlements.unshift(...settlements)
    if (capacity > 0 && this.#state === 'claiming') this.#state = 'eager'
    if (!isReply(error)) return
    this.#deps.log.error(
      { queue: this.#queue, err: error },
      'Redis refused to settle or claim messages; trying again',
    )
    void setTimeout(retryDelay).then(() => this.#schedule())
  }

  async #renew(): Promise<void> {
    const { socket, keys, visibility, log } = this.#deps
    const ids = [...this.#unsettled.keys(), ...this.#settlements.map((settlement) => settlement.id)]
    if (ids.length === 0 || !socket.ready) return
    try {
      const lost = await socket.run(renew, [keys.index, keys.leases], [visibility, ...ids])
      for (const id of textsIn(lost)) {
        if (this.#unsettled.has(id))
          log.warn(
            { queue: this.#queue, id },
            'lost the claim of an unsettled message; another process has it',
          )
      }
    } catch (err) {
      log.warn({ queue: this.#queue, err }, 'could not renew the claims of unsettled messages')
    }
  }

  async #untilSettled(): Promise<void> {
    while (this.#settlements.length > 0 || this.#sending > 0) await this.#nextIdle()
  }

  /** Resolves when no script is in flight. */
  #nextIdle(): Promise<void> {
    return new Promise((resolve) => this.#idleWaiters.push(resolve))
  }
}
