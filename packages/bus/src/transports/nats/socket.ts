/**
 * A connection to NATS that reconnects by itself.
 *
 * Messages that are sent while it is disconnected, or in flight when it breaks, are lost and never sent again
 * automatically: only the caller knows whether that is safe.
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
import type { Logger } from '../../logger.ts'
import { readAddress, type Address } from './address.ts'
import { cannotConnect, closed, noJetStream, oldestServer, tooOld, unknownOutcome } from './failures.ts'

/** Is told when the connection is lost and when it is back. */
export interface Watcher {
  onReady(): void
  onLost(cause: Error): void
}

/** The settings of a connection. */
export interface SocketOptions {
  /** The name of this connection in the server's own tools. */
  readonly clientName: string
  readonly log: Logger
}

/** How long the server may take to answer a request, in milliseconds. */
const requestTimeout = 5_000
/** How long closing waits until pending messages are sent, in milliseconds. */
const flushTimeout = 1_000

/** One connection. */
export class Socket {
  readonly streams: JetStreamManager
  readonly address: Address
  readonly #nats: NatsConnection
  readonly #log: Logger
  readonly #watchers = new Set<Watcher>()
  readonly #inFlight = new Set<(error: Error) => void>()
  #state: 'ready' | 'lost' | 'closed' = 'ready'
  #flushing: Promise<void> | undefined

  private constructor(
    nats: NatsConnection,
    { streams, address, log }: { streams: JetStreamManager; address: Address; log: Logger },
  ) {
    this.#nats = nats
    this.streams = streams
    this.address = address
    this.#log = log
    void this.#listen(nats.status())
  }

  /** Connects. Rejects when the first attempt fails on every server; after that it reconnects until it is closed. */
  static async connect(url: URL, { clientName, log }: SocketOptions): Promise<Socket> {
    const address = readAddress(url, clientName)
    const nats = await connect(address.options).catch((cause: unknown) => {
      throw cannotConnect(address, cause)
    })
    try {
      return new Socket(nats, { streams: await openStreams(nats, address), address, log })
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

  /** Tells the watcher of each reconnect and each loss. */
  watch(watcher: Watcher): void {
    this.#watchers.add(watcher)
  }

  unwatch(watcher: Watcher): void {
    this.#watchers.delete(watcher)
  }

  /** Resolves with true when messages can be sent, and with false when that is not so within `timeout` milliseconds. */
  whenReady(timeout: number): Promise<boolean> {
    if (this.#state !== 'lost') return Promise.resolve(this.ready)
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

  /** Sends a message. Does not wait until it arrives; see `synced`. */
  send(subject: string, payload: Payload = '', options: { reply?: string; headers?: MsgHdrs } = {}): void {
    if (this.ready) this.#nats.publish(subject, payload, options)
  }

  /** Resolves when the server has everything sent before; all calls of one turn of the event loop share one flush. */
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

  /** Sends a request; rejects as soon as the connection breaks. */
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

  /** Subscribes to a subject, and again after each reconnect. Logs an error when the server refuses. */
  subscribe(subject: string, onMessage: (message: Msg) => void): Subscription {
    return this.#nats.subscribe(subject, {
      callback: (err, message) => {
        if (err)
          this.#log.error({ subject, err }, 'NATS refused a subscription; is the user allowed to subscribe?')
        else onMessage(message)
      },
    })
  }

  /** The largest message that the server accepts, in bytes with its headers. */
  get maxPayload(): number {
    return this.#nats.info?.max_payload ?? Number.POSITIVE_INFINITY
  }

  async close(): Promise<void> {
    if (this.closed) return
    if (this.ready) await Promise.race([this.synced().catch(() => {}), after(flushTimeout)])
    this.#setLost('closed', closed())
    await this.#nats.close()
  }

  async #listen(statuses: AsyncIterable<Status>): Promise<void> {
    let cause: Error | undefined
    for await (const status of statuses) {
      if (status.type === 'error') cause = status.error
      else if (status.type === 'staleConnection') cause = new Error('NATS did not answer two pings')
      else if (status.type === 'disconnect' && this.ready) {
        this.#setLost('lost', cause ?? new Error(`NATS at ${status.server} closed the connection`))
        cause = undefined
      } else if (status.type === 'reconnect' && this.#state === 'lost') this.#setReady()
    }
  }

  #setLost(state: 'lost' | 'closed', cause: Error): void {
    this.#state = state
    for (const reject of this.#inFlight) reject(unknownOutcome())
    for (const watcher of Array.from(this.#watchers)) watcher.onLost(cause)
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
