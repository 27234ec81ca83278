/**
 * A connection to Redis that comes back by itself.
 *
 * What was on its way when the connection broke is rejected at once and never sent a second time behind the caller's
 * back: whether that is right depends on what it was, and the caller knows.
 */

import { Redis, type RedisOptions } from 'ioredis'
import { tlsOf } from '../tls.ts'
import { unreachable } from '../unreachable.ts'
import { BusError } from '../../errors.ts'
import type { Script } from './scripts.ts'

/** What a command takes. */
export type Argument = string | number

/** One connection. */
export class Socket {
  readonly #redis: Redis
  readonly #pulse: NodeJS.Timeout
  #unanswered = false

  private constructor(redis: Redis) {
    this.#redis = redis
    this.#pulse = setInterval(() => this.#beat(), pulse)
    this.#pulse.unref()
  }

  /** Connects. Rejects when the first attempt fails; from then on it keeps trying. */
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

  /** Calls back after each reconnect, and at each loss. */
  watch(events: { onReady: () => void; onLost: () => void }): void {
    this.#redis.on('ready', events.onReady)
    this.#redis.on('close', events.onLost)
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

  /** Hears what is said on a channel, also after a reconnect; `onAgain` says that it hears again. */
  async subscribe(
    channel: string,
    hear: (text: string) => void,
    { onAgain = () => {} }: { onAgain?: (() => void) | undefined } = {},
  ): Promise<void> {
    this.#redis.on('message', (_channel, text) => hear(text))
    // A subscription that fails because the connection broke is made again with the next one.
    this.#redis.on('ready', () => void this.#redis.subscribe(channel).then(onAgain, () => {}))
    await Promise.race([this.#redis.subscribe(channel), this.#lost()])
  }

  /** Rejects when the connection breaks: the client leaves a subscription that is under way then unanswered. */
  #lost(): Promise<never> {
    const error = new BusError('ConnectionLost', 'the connection to the broker broke while it was made')
    return new Promise((_, reject) => this.#redis.once('close', () => reject(error)))
  }

  close(): void {
    clearInterval(this.#pulse)
    this.#redis.disconnect()
  }

  /** Some broken connections look well for hours: where nothing answers between two beats, a new one is made. */
  #beat(): void {
    if (!this.ready) return
    if (this.#unanswered) this.#redis.disconnect(true)
    const answered = (): void => void (this.#unanswered = false)
    this.#unanswered = this.ready
    this.#redis.ping().then(answered, answered)
  }
}

/** Milliseconds between two beats; longer than any command waits. */
const pulse = 8_000

const settings: RedisOptions = {
  // Zero: reject what was on its way as soon as the connection breaks.
  maxRetriesPerRequest: 0,
  autoResendUnfulfilledCommands: false,
  // What ioredis subscribes by itself fails unheard when the connection breaks again, and ends the process.
  autoResubscribe: false,
  enableOfflineQueue: false,
  noDelay: true,
  protocol: 2,
  retryStrategy: (times) => Math.min(2_000, 50 * 2 ** Math.min(times, 6)) * (0.5 + Math.random() / 2),
}

/** The texts in an answer of Redis; what is no text is left out. */
export function textsIn(answer: unknown): string[] {
  return Array.isArray(answer) ? answer.filter((one) => typeof one === 'string') : []
}

/** True for an error that Redis itself returned: the connection is well, the command was not. */
export function isReply(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ReplyError'
}

/** From a URL to the options of every connection. */
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
