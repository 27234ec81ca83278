/**
 * A connection to RabbitMQ that comes back by itself, and the channels on it.
 *
 * What was on its way when the connection broke is rejected at once and never sent a second time behind the caller's
 * back.
 */

import { once } from 'node:events'
import { Connection, type Channel } from 'rabbitmq-client'
import { BusError } from '../../errors.ts'
import { unreachable } from '../unreachable.ts'
import type { Address } from './address.ts'

/** How long the broker may take to answer one command, in milliseconds. */
const commandTimeout = 10_000
/** How long closing waits for a broker that does not answer, in milliseconds. */
const closeTimeout = 2_000

/** How to connect. */
export interface AmqpConnectionOptions {
  /** In milliseconds: how long this side or the other may be silent before it is taken for dead. */
  readonly visibility: number
  /** How the broker's own tools name this connection. */
  readonly clientName: string
}

/** One connection. */
export class AmqpConnection {
  readonly #connection: Connection

  private constructor(connection: Connection) {
    this.#connection = connection
  }

  /** Connects. Rejects when the first attempt fails; from then on it keeps trying. */
  static async connect(
    address: Address,
    { visibility, clientName }: AmqpConnectionOptions,
  ): Promise<AmqpConnection> {
    const connection = new Connection({
      ...address.options,
      ...settings,
      // The broker gives up after two of these.
      heartbeat: Math.max(1, Math.ceil(visibility / 2_000)),
      connectionName: clientName,
    })
    // A loss that nobody hears of would end the process.
    connection.on('error', () => {})
    try {
      await once(connection, 'connection')
    } catch (cause) {
      connection.unsafeDestroy()
      throw unreachable('RabbitMQ', address.label, cause)
    }
    return new AmqpConnection(connection)
  }

  /** Calls back each time the connection is lost. */
  onLost(lost: (cause: Error) => void): void {
    this.#connection.on('error', lost)
  }

  /** Opens a channel; while the broker is away, waits for it. What the broker says against it comes to `onError`. */
  async openChannel(onError: (error: Error) => void = () => {}): Promise<Channel> {
    const channel = await this.#connection.acquire({ emitErrorsFromChannel: true })
    channel.on('error', onError)
    return channel
  }

  /** Does something on a channel of its own, which may break it. What was taken and not acknowledged is given back. */
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

/** Closes a channel once what was told to it has arrived, or the broker is found not to answer. */
export async function closeChannel(channel: Channel): Promise<void> {
  await withTimeout(channel.close(), closeTimeout).catch(() => {})
}

/** Waits no longer than that. */
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

/** The broker's own name for what it has against a command, such as `NOT_FOUND`. */
export function errorCodeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

const settings = {
  noDelay: true,
  connectionTimeout: 10_000,
  acquireTimeout: 10_000,
  // Jittered by the library.
  retryLow: 50,
  retryHigh: 2_000,
}
