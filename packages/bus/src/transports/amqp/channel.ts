/** A channel that is opened and prepared again whenever it is lost. */

import { setTimeout } from 'node:timers/promises'
import type { Channel } from 'rabbitmq-client'
import { BusError } from '../../errors.ts'
import type { Logger } from '../../logger.ts'
import { closeChannel, errorCodeOf, withTimeout, type AmqpConnection } from './connection.ts'

/** What a channel is for. */
export interface ChannelSetup {
  /** For the log: what does not work while there is no such channel. */
  readonly name: string
  /** Declares what is needed, and starts what is to go on. */
  readonly prepare: (channel: Channel) => Promise<void>
  readonly log: Logger
}

/** How often somebody may remove a queue between our declaring and our using it. */
const races = 5

/** A standing channel. */
export class ReopeningChannel {
  readonly #connection: AmqpConnection
  readonly #purpose: ChannelSetup
  readonly #waiting = new Set<() => void>()
  readonly #listeners: (() => void)[] = []
  #channel: Channel | undefined
  #closed = false

  private constructor(connection: AmqpConnection, purpose: ChannelSetup) {
    this.#connection = connection
    this.#purpose = purpose
  }

  /** Opens the channel for the first time; rejects with what the broker has against it. */
  static async open(connection: AmqpConnection, purpose: ChannelSetup): Promise<ReopeningChannel> {
    const channel = new ReopeningChannel(connection, purpose)
    for (let race = 1; ; race++) {
      try {
        await channel.#open()
        return channel
      } catch (error) {
        if (errorCodeOf(error) !== 'NOT_FOUND' || race === races) throw refused(purpose.name, error)
      }
    }
  }

  /** The channel, where it can be used now. */
  get current(): Channel | undefined {
    return this.#channel?.active ? this.#channel : undefined
  }

  /** Calls back each time the channel can be used again. */
  onReady(listener: () => void): void {
    this.#listeners.push(listener)
  }

  /** Resolves with the channel as soon as it can be used. Rejects when that takes longer than `limit` milliseconds. */
  async ready(limit: number): Promise<Channel> {
    const until = Date.now() + limit
    for (;;) {
      const { current } = this
      if (current) return current
      if (this.#closed) throw new BusError('ConnectionLost', 'this connection to the bus is closed')
      if (Date.now() >= until) throw away(limit)
      await this.#next(until - Date.now())
    }
  }

  /** Closes the channel once what was told to it has arrived. */
  async close(): Promise<void> {
    this.#closed = true
    this.#wake()
    if (this.#channel) await closeChannel(this.#channel)
  }

  async #open(): Promise<void> {
    const { name, log, prepare } = this.#purpose
    const channel = await this.#connection.openChannel((err) =>
      log.error({ err }, `RabbitMQ closed the channel for ${name}`),
    )
    try {
      await withTimeout(prepare(channel))
      if (!channel.active) throw new Error('the channel was closed while it was prepared')
    } catch (error) {
      await closeChannel(channel)
      throw error
    }
    channel.once('close', () => this.#lost())
    channel.on('basic.cancel', () => void closeChannel(channel))
    this.#channel = channel
    this.#wake()
  }

  #lost(): void {
    this.#channel = undefined
    if (!this.#closed) void this.#reopen()
  }

  async #reopen(): Promise<void> {
    const { name, log } = this.#purpose
    for (let pause = 50; !this.#closed; pause = Math.min(2_000, pause * 2)) {
      try {
        await this.#open()
        for (const listener of this.#listeners) listener()
        return
      } catch (err) {
        // While the broker is away, that is no broadcasts.
        const level =
          errorCodeOf(err).startsWith('TIMEOUT') || errorCodeOf(err).startsWith('CONN') ? 'debug' : 'warn'
        if (!this.#closed) log[level]({ err }, `could not open the channel for ${name}; trying again`)
        await setTimeout(pause * (0.5 + Math.random() / 2), undefined, { ref: false })
      }
    }
  }

  #next(limit: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer)
        this.#waiting.delete(wake)
        resolve()
      }
      const timer = globalThis.setTimeout(wake, limit)
      this.#waiting.add(wake)
    })
  }

  #wake(): void {
    for (const wake of this.#waiting) wake()
  }
}

function away(limit: number): BusError {
  return new BusError(
    'ConnectionLost',
    `the broker was unreachable for ${limit} ms; the message was not sent`,
  )
}

/** What is declared differently stays as it is: it may be full of messages. */
function refused(name: string, cause: unknown): BusError {
  if (cause instanceof BusError) return cause
  const found = cause instanceof Error ? cause.message : String(cause)
  const advice =
    errorCodeOf(cause) === 'PRECONDITION_FAILED'
      ? '; it is on the broker already, declared in another way: choose another name, or delete it there'
      : errorCodeOf(cause) === 'ACCESS_REFUSED'
        ? '; does the user have the permissions to configure, write and read in that virtual host?'
        : ''
  return new BusError('ConnectionLost', `RabbitMQ refused ${name}: ${found}${advice}`, { cause })
}
