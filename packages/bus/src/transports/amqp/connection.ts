/**
 * A connection to RabbitMQ that reconnects by itself, and the channels on it.
 *
 * Commands that are in flight when the connection breaks are rejected at once and never sent again automatically.
 */

import { once } from 'node:events'
import { Connection, type Channel } from 'rabbitmq-client'
import { BusError } from '../../errors.ts'
import { keepBytes } from './raw-bodies.ts'
import { unreachable } from '../unreachable.ts'
import type { Address } from './address.ts'

/** How long the broker may take to answer one command, in milliseconds. */
const commandTimeout = 10_000
/** How long closing waits for a broker that does not answer, in milliseconds. */
const closeTimeout = 2_000

/** The settings of a connection. */
export interface AmqpConnectionOptions {
  /** How long either side may be silent before the connection counts as lost, in milliseconds. */
  readonly visibility: number
  /** The name of this connection in the broker's own tools. */
  readonly clientName: string
}

/** One connection. */
export class AmqpConnection {
  readonly #connection: Connection

  private constructor(connection: Connection) {
    this.#connection = connection
  }

  /** Connects. Rejects when the first attempt fails; after that it reconnects until it is closed. */
  static async connect(
    address: Address,
    { visibility, clientName }: AmqpConnectionOptions,
  ): Promise<AmqpConnection> {
    const connection = new Connection({
      ...address.options,
      ...settings,
      // The broker closes the connection after two missed heartbeats.
      heartbeat: Math.max(1, Math.ceil(visibility / 2_000)),
      connectionName: clientName,
    })
    // Without a listener, Node ends the process at the first error. `onLost` adds the one that reports them.
    connection.on('error', () => {})
    try {
      await once(connection, 'connection')
    } catch (cause) {
      connection.unsafeDestroy()
      throw unreachable('RabbitMQ', address.label, cause)
    }
    return new AmqpConnection(connection)
  }

  /** Calls `lost` after each loss and each failed attempt to reconnect. */
  onLost(lost: (cause: Error) => void): void {
    this.#connection.on('error', lost)
  }

  /** Opens a channel, and waits while the broker is unreachable. Later errors of the channel go to `onError`. */
  async openChannel(onError: (error: Error) => void = () => {}): Promise<Channel> {
    const channel = await this.#connection.acquire({ emitErrorsFromChannel: true })
    channel.on('error', onError)
    return keepBytes(channel)
  }

  /** Runs `work` on its own channel, which an error may close. Messages it does not acknowledge return to their queue. */
  async withChannel<T>(work: (channel: Channel) => Promise<T>, limit = commandTimeout): Promise<T> {
    const channel = await withTimeout(this.openChannel(), limit)
    try {
      return await withTimeout(work(channel), limit)
    } finally {
      await closeChannel(channel)
    }
  }

  async close(): Promise<void> {
    await withTimeout(this.#connection.close(), closeTimeout).catch(() => {})
    this.#connection.unsafeDestroy()
  }
}

/** Closes a channel after everything written to it has been sent, or when the broker does not answer. */
export async function closeChannel(channel: Channel): Promise<void> {
  await withTimeout(channel.close(), closeTimeout).catch(() => {})
}

/** Rejects when the promise does not settle within `limit` milliseconds. */
export async function withTimeout<T>(promise: Promise<T>, limit = commandTimeout): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    const message = `RabbitMQ did not answer within ${limit} ms`
    timer = setTimeout(() => reject(new BusError('ConnectionLost', message)), limit)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Returns the broker's code for an error, such as `NOT_FOUND`; empty for any other error. */
export function errorCodeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

const settings = {
  noDelay: true,
  // RabbitMQ's default maximum: the headers of a message must fit into one frame.
  frameMax: 131_072,
  connectionTimeout: 10_000,
  acquireTimeout: 10_000,
  // Jittered by the library.
  retryLow: 50,
  retryHigh: 2_000,
}
