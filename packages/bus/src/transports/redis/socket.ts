/**
 * A connection to Redis that reconnects by itself.
 *
 * Commands that are in flight when the connection breaks are rejected at once and never sent again automatically:
 * only the caller knows whether that is safe.
 */

import { Redis, type RedisOptions } from 'ioredis'
import { tlsOf } from '../tls.ts'
import { unreachable } from '../unreachable.ts'
import { BusError } from '../../errors.ts'
import type { Script } from './scripts.ts'

/** An argument of a command. */
export type Argument = string | number

/** One connection. */
export class Socket {
  readonly #redis: Redis
  readonly #pingTimer: NodeJS.Timeout
  /** Why the connection was lost, as far as it is known. */
  #cause: Error | undefined
  #unanswered = false

  private constructor(redis: Redis) {
    this.#redis = redis
    this.#pingTimer = setInterval(() => this.#ping(), pingInterval)
    this.#pingTimer.unref()
    redis.on('error', (error) => (this.#cause ??= error))
    redis.on('ready', () => (this.#cause = undefined))
  }

  /** Connects. Rejects when the first attempt fails; after that it reconnects until it is closed. */
  static async connect(options: RedisOptions): Promise<Socket> {
    const redis = new Redis({ ...settings, ...options, lazyConnect: true, replyMapping: 'legacy' })
    let cause: unknown
    redis.on('error', (error) => (cause = error))
    try {
      await redis.connect()
    } catch (error) {
      redis.disconnect()
      throw unreachable('Redis', `${options.host}:${options.port}`, cause ?? error)
    }
    return new Socket(redis)
  }

  get ready(): boolean {
    return this.#redis.status === 'ready'
  }

  /** Calls `onReady` after each reconnect, and `onLost` after each loss and each failed attempt to reconnect. */
  watch(events: { onReady: () => void; onLost: (cause: Error) => void }): void {
    this.#redis.on('ready', events.onReady)
    this.#redis.on('close', () => events.onLost(this.#cause ?? new Error('Redis closed the connection')))
  }

  /** Resolves when commands can be sent, or when the connection is closed for good. */
  whenReady(): Promise<void> {
    if (this.ready || this.#redis.status === 'end') return Promise.resolve()
    return new Promise((resolve) => {
      const done = (): void => {
        this.#redis.off('ready', done)
        this.#redis.off('end', done)
        resolve()
      }
      this.#redis.on('ready', done)
      this.#redis.on('end', done)
    })
  }

  call(command: string, ...args: Argument[]): Promise<unknown> {
    return this.#redis.call(command, ...args)
  }

  async run(script: Script, keys: readonly string[], args: readonly Argument[]): Promise<unknown> {
    try {
      return await this.#redis.evalsha(script.sha, keys.length, ...keys, ...args)
    } catch (error) {
      if (!isReply(error) || !error.message.startsWith('NOSCRIPT')) throw error
      return this.#redis.eval(script.lua, keys.length, ...keys, ...args)
    }
  }

  /** Subscribes to a channel, and again after each reconnect; then `onAgain` is called, or `onRefused` with the error. */
  async subscribe(channel: string, events: SubscriptionEvents): Promise<void> {
    this.#redis.on('message', (_channel, text) => events.onMessage(text))
    this.#redis.on('ready', () => void this.#resubscribe(channel, events))
    try {
      await Promise.race([this.#redis.subscribe(channel), this.#rejectOnClose()])
    } catch (error) {
      throw isReply(error) ? refusedSubscription(channel, error) : error
    }
  }

  /** When the connection breaks in the meantime, the next one subscribes. */
  async #resubscribe(channel: string, { onAgain, onRefused }: SubscriptionEvents): Promise<void> {
    try {
      await this.#redis.subscribe(channel)
    } catch (error) {
      if (isReply(error)) onRefused(refusedSubscription(channel, error))
      return
    }
    onAgain?.()
  }

  /** Rejects when the connection breaks: the client never settles a subscription that is pending then. */
  #rejectOnClose(): Promise<never> {
    const error = new BusError('ConnectionLost', 'the connection to the broker broke during the subscription')
    return new Promise((_, reject) => this.#redis.once('close', () => reject(error)))
  }

  close(): void {
    clearInterval(this.#pingTimer)
    this.#redis.disconnect()
  }

  /** Detects dead connections that TCP does not report for hours: reconnects when a ping is not answered in time. */
  #ping(): void {
    if (!this.ready) return
    if (this.#unanswered) {
      this.#cause = new Error(`Redis did not answer a ping within ${pingInterval} ms`)
      this.#redis.disconnect(true)
    }
    const answered = (): void => void (this.#unanswered = false)
    this.#unanswered = this.ready
    this.#redis.ping().then(answered, answered)
  }
}

/** Milliseconds between two pings; longer than any blocking command waits. */
const pingInterval = 8_000

function refusedSubscription(channel: string, cause: Error): BusError {
  const message = `Redis refused the subscription to ${channel}: ${cause.message}; is the user allowed to subscribe to that channel?`
  return new BusError('ConnectionLost', message, { cause })
}

/** What a subscription reports. */
export interface SubscriptionEvents {
  readonly onMessage: (text: string) => void
  /** Called when the subscription is back after a reconnect. */
  readonly onAgain?: (() => void) | undefined
  /** Called when Redis refuses to renew the subscription. */
  readonly onRefused: (error: Error) => void
}

const settings: RedisOptions = {
  // Zero: reject commands in flight as soon as the connection breaks.
  maxRetriesPerRequest: 0,
  autoResendUnfulfilledCommands: false,
  // A failed automatic resubscription of ioredis is an unhandled rejection, which ends the process.
  autoResubscribe: false,
  enableOfflineQueue: false,
  noDelay: true,
  protocol: 2,
  retryStrategy: (times) => Math.min(2_000, 50 * 2 ** Math.min(times, 6)) * (0.5 + Math.random() / 2),
}

/** Returns the strings in a reply of Redis, without its other elements. */
export function textsIn(answer: unknown): string[] {
  return Array.isArray(answer) ? answer.filter((one) => typeof one === 'string') : []
}

/** Returns true for an error reply of Redis: the connection works, the command failed. */
export function isReply(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ReplyError'
}

/** Reads the options of a connection from its URL. */
export function optionsOf(url: URL, connectionName: string): RedisOptions {
  const db = url.pathname.replace(/^\//, '')
  if (!/^\d*$/.test(db)) {
    throw new TypeError(
      `cannot connect to ${url.host}: the database "${db}" in the URL must be a number, such as /0`,
    )
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1') || '127.0.0.1'
  const tls = tlsOf(url, ['rediss:'])
  return {
    host,
    port: Number(url.port || 6379),
    db: Number(db || 0),
    connectionName,
    ...(url.username ? { username: decodeURIComponent(url.username) } : {}),
    ...(url.password ? { password: decodeURIComponent(url.password) } : {}),
    ...(tls ? { tls } : {}),
  }
}
