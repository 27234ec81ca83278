/**
 * A connection to NATS that comes back by itself.
 *
 * What is sent while it is away, or was on its way when it broke, is lost and never sent a second time behind the
 * caller's back: whether that is right depends on what it was, and the caller knows.
 */

import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream'
import {
  connect,
  errors,
  type Msg,
  type MsgHdrs,
  type NatsConnection,
  type Payload,
  type Status,
  type Subscription,
} from '@nats-io/transport-node'
import { readAddress, type Address } from './address.ts'
import { cannotConnect, closed, noJetStream, oldestServer, tooOld, unknownOutcome } from './failures.ts'

/** Who wants to know when the connection comes and goes. */
export interface Watcher {
  onReady(): void
  onLost(): void
}

/** How long an answer of the server may take, in milliseconds. */
const requestTimeout = 5_000
/** How long closing waits for what is being sent, in milliseconds. */
const flushTimeout = 1_000

/** One connection. */
export class Socket {
  readonly streams: JetStreamManager
  readonly address: Address
  readonly #nats: NatsConnection
  readonly #watchers = new Set<Watcher>()
  readonly #inFlight = new Set<(error: Error) => void>()
  #state: 'ready' | 'away' | 'closed' = 'ready'
  #flushing: Promise<void> | undefined

  private constructor(nats: NatsConnection, streams: JetStreamManager, address: Address) {
    this.#nats = nats
    this.streams = streams
    this.address = address
    void this.#listen(nats.status())
  }

  /** Connects. Rejects when the first attempt fails on every server; from then on it keeps trying. */
  static async connect(url: URL, clientName: string): Promise<Socket> {
    const address = readAddress(url, clientName)
    const nats = await connect(address.options).catch((cause: unknown) => {
      throw cannotConnect(address, cause)
    })
    try {
      return new Socket(nats, await openStreams(nats, address), address)
    } catch (error) {
      await nats.close()
      throw error
    }
  }

  get ready(): boolean {
    return this.#state === 'ready'
  }

  get closed(): boolean {
    return this.#state === 'closed'
  }

  /** Calls back after each reconnect, and at each loss. */
  watch(watcher: Watcher): void {
    this.#watchers.add(watcher)
  }

  unwatch(watcher: Watcher): void {
    this.#watchers.delete(watcher)
  }

  /** Resolves with true when something can be sent; with false when it is closed, or away for longer than `timeout`. */
  whenReady(timeout: number): Promise<boolean> {
    if (this.#state !== 'away') return Promise.resolve(this.ready)
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        this.#watchers.delete(watcher)
        resolve(this.ready)
      }
      const watcher = { onReady: done, onLost: () => this.closed && done() }
      const timer = setTimeout(done, Math.min(timeout, 2 ** 31 - 1))
      timer.unref()
      this.#watchers.add(watcher)
    })
  }

  /** Sends. Nobody says whether it arrives; see `synced`. */
  send(subject: string, payload: Payload = '', options: { reply?: string; headers?: MsgHdrs } = {}): void {
    if (this.ready) this.#nats.publish(subject, payload, options)
  }

  /** Resolves when the server has all that was sent before; of many who ask in one turn, one does. */
  synced(): Promise<void> {
    this.#flushing ??= new Promise((resolve, reject) => {
      process.nextTick(() => {
        this.#flushing = undefined
        if (this.ready) this.#nats.flush().then(resolve, reject)
        else reject(unknownOutcome())
      })
    })
    return this.#flushing
  }

  /** Asks, and rejects as soon as the connection breaks. */
  ask(
    subject: string,
    payload: Payload,
    { headers, timeout = requestTimeout }: { headers?: MsgHdrs; timeout?: number } = {},
  ): Promise<Msg> {
    if (!this.ready) return Promise.reject(this.closed ? closed() : unknownOutcome())
    return new Promise((resolve, reject) => {
      this.#inFlight.add(reject)
      this.#nats
        .request(subject, payload, headers ? { timeout, headers } : { timeout })
        .then(resolve, (cause: unknown) =>
          reject(cause instanceof errors.TimeoutError ? unknownOutcome(cause) : cause),
        )
        .finally(() => this.#inFlight.delete(reject))
    })
  }

  /** Hears what is said on a subject, also after a reconnect. */
  subscribe(subject: string, hear: (message: Msg) => void): Subscription {
    return this.#nats.subscribe(subject, { callback: (error, message) => void (error ?? hear(message)) })
  }

  /** The most bytes that a message may have, headers included. */
  get largest(): number {
    return this.#nats.info?.max_payload ?? Number.POSITIVE_INFINITY
  }

  async close(): Promise<void> {
    if (this.closed) return
    if (this.ready) await Promise.race([this.synced().catch(() => {}), after(flushTimeout)])
    this.#setLost('closed')
    await this.#nats.close()
  }

  async #listen(statuses: AsyncIterable<Status>): Promise<void> {
    for await (const { type } of statuses) {
      if (type === 'disconnect' && this.ready) this.#setLost('away')
      else if (type === 'reconnect' && this.#state === 'away') this.#setReady()
    }
  }

  #setLost(state: 'away' | 'closed'): void {
    this.#state = state
    for (const reject of this.#inFlight) reject(unknownOutcome())
    for (const watcher of Array.from(this.#watchers)) watcher.onLost()
  }

  #setReady(): void {
    this.#state = 'ready'
    for (const watcher of Array.from(this.#watchers)) watcher.onReady()
  }
}

async function openStreams(nats: NatsConnection, address: Address): Promise<JetStreamManager> {
  const version = nats.info?.version ?? 'of an unknown version'
  if (isOlder(version, oldestServer)) throw tooOld(address.servers, version)
  try {
    return await jetstreamManager(nats, { timeout: requestTimeout })
  } catch (cause) {
    throw noJetStream(address, cause)
  }
}

function isOlder(version: string, oldest: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [oldestMajor = 0, oldestMinor = 0] = oldest.split('.').map(Number)
  return major < oldestMajor || (major === oldestMajor && minor < oldestMinor)
}

function after(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds).unref())
}
