/** A channel that is opened and prepared again after each loss. */

import { setTimeout } from 'node:timers/promises'
import type { Channel } from 'rabbitmq-client'
import { BusError } from '../../errors.ts'
import type { Logger } from '../../logger.ts'
import { closeChannel, errorCodeOf, withTimeout, type AmqpConnection } from './connection.ts'

/** What a channel is used for, and how it is prepared. */
export interface ChannelSetup {
  /** The purpose of the channel, for log lines and errors. */
  readonly name: string
  /** Makes the declarations, and starts consuming; called each time the channel is opened. */
  readonly prepare: (channel: Channel) => Promise<void>
  readonly log: Logger
}

/** How often opening is tried when a queue is removed between its declaration and its use. */
const maxAttempts = 5

/** A channel that reopens until it is closed. */
export class ReopeningChannel {
  readonly #connection: AmqpConnection
  readonly #setup: ChannelSetup
  readonly #waiting = new Set<() => void>()
  readonly #listeners: (() => void)[] = []
  #channel: Channel | undefined
  #closed = false

  private constructor(connection: AmqpConnection, setup: ChannelSetup) {
    this.#connection = connection
    this.#setup = setup
  }

  /** Opens the channel for the first time; rejects with the broker's error. */
  static async open(connection: AmqpConnection, setup: ChannelSetup): Promise<ReopeningChannel> {
    const channel = new ReopeningChannel(connection, setup)
    for (let attempt = 1; ; attempt++) {
      try {
        await channel.#open()
        return channel
      } catch (error) {
        if (errorCodeOf(error) !== 'NOT_FOUND' || attempt === maxAttempts) throw refused(setup.name, error)
      }
    }
  }

  /** The open channel, or undefined while there is none. */
  get current(): Channel | undefined {
    return this.#channel?.active ? this.#channel : undefined
  }

  /** Calls the listener each time the channel is open again. */
  onReady(listener: () => void): void {
    this.#listeners.push(listener)
  }

  /** Resolves with the channel as soon as it is open. Rejects when that takes longer than `limit` milliseconds. */
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

  /** Closes the channel after everything written to it has been sent. */
  async close(): Promise<void> {
    this.#closed = true
    this.#wake()
    if (this.#channel) await closeChannel(this.#channel)
  }

  async #open(): Promise<void> {
    const { name, log, prepare } = this.#setup
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
    const { name, log } = this.#setup
    for (let pause = 50; !this.#closed; pause = Math.min(2_000, pause * 2)) {
      try {
        await this.#open()
        for (const listener of this.#listeners) listener()
        return
      } catch (err) {
        // While the broker is unreachable, the loss of the connection has already been logged.
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

/** Returns the error for a refused channel. A queue that is declared differently is left alone: it may have messages. */
function refused(name: string, cause: unknown): BusError {
  if (cause instanceof BusError) return cause
  const found = cause instanceof Error ? cause.message : String(cause)
  const advice =
    errorCodeOf(cause) === 'PRECONDITION_FAILED'
      ? '; it is already declared in another way on the broker: choose another name, or delete it there'
      : errorCodeOf(cause) === 'ACCESS_REFUSED'
        ? '; does the user have the permissions to configure, write and read in that virtual host?'
        : ''
  return new BusError('ConnectionLost', `RabbitMQ refused ${name}: ${found}${advice}`, { cause })
}
