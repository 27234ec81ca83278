/**
 * Sends requests to a cluster of etcd servers, with a time limit, with retries where they are safe, and with failover to
 * the next server. It does not know models.
 *
 * There is one client for each server. The retries of the library are off, since it would also repeat a write whose
 * outcome is unknown.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type {
  Etcd3,
  IOptions,
  IRangeRequest,
  IRangeResponse,
  ITxnRequest,
  ITxnResponse,
  IWatchResponse,
} from 'etcd3'
import { ConfigurationError, StoreFault } from '../../faults.ts'
import { readCertificates } from './certificates.ts'
import { isUnreachable, translate, wasNeverSent } from './faults.ts'
import type { EtcdOptions } from './options.ts'

/** Where a watch is to begin. */
export interface WatchRequest {
  readonly key: Buffer
  readonly range_end: Buffer
  readonly start_revision: string
  readonly prev_kv: boolean
}

/** The server's side of a watch: what it says, until it is cancelled or the connection breaks. */
export interface WatchStream {
  on(event: 'data', hear: (response: IWatchResponse) => void): unknown
  on(event: 'error', hear: (error: Error) => void): unknown
  on(event: 'end', hear: () => void): unknown
  cancel(): void
}

type Attempt<T> = (client: Etcd3, options: { deadline: number }) => Promise<T>

/** A cluster of etcd servers. */
export class EtcdConnection {
  readonly #clients: readonly Etcd3[]
  readonly #options: EtcdOptions
  readonly #streams = new Set<WatchStream>()
  readonly #closing = new AbortController()
  #current = 0

  private constructor(clients: readonly Etcd3[], options: EtcdOptions) {
    this.#clients = clients
    this.#options = options
  }

  /** Connects, and makes sure that there is somebody who answers. */
  static async open(options: EtcdOptions): Promise<EtcdConnection> {
    const { Etcd3, noop } = await loadLibrary()
    const clients = options.server_url.map((host) => new Etcd3(settings(host, options, noop)))
    const connection = new EtcdConnection(clients, options)
    try {
      await connection.range({ key: Buffer.from('/commissaire/'), count_only: true })
      return connection
    } catch (error) {
      connection.close()
      throw error
    }
  }

  /** How errors call it. */
  get name(): string {
    return `The store ${this.#options.server_url.join(', ')}`
  }

  get isClosed(): boolean {
    return this.#closing.signal.aborted
  }

  /** Reads. */
  range(request: IRangeRequest): Promise<IRangeResponse> {
    return this.#ask((client, options) => client.kv.range(request, options), { verb: 'read', writes: false })
  }

  /** Does all of it or nothing. Is not sent twice when a first time may have been enough. */
  txn(request: ITxnRequest): Promise<ITxnResponse> {
    return this.#ask((client, options) => client.kv.txn(request, options), { verb: 'written', writes: true })
  }

  /** Opens a stream of changes; it breaks with an error when its server is given up. */
  async watch(request: WatchRequest): Promise<WatchStream> {
    const client = this.#client()
    const stream = await client.watchClient.watch()
    // Without anybody who hears of it, an error would end the process; also after the stream was cancelled.
    stream.on('error', () => {
      // One that we did not cancel ourselves: its server is gone, and nobody may be asking anything that would notice.
      if (this.#streams.delete(stream) && !this.isClosed) this.#moveOn(client)
    })
    stream.write({ create_request: request })
    this.#streams.add(stream)
    return stream
  }

  /** Lets go of every connection; a second call does nothing. */
  close(): void {
    if (this.isClosed) return
    this.#closing.abort()
    this.#cancelStreams()
    for (const client of this.#clients) client.close()
  }

  async #ask<T>(attempt: Attempt<T>, how: { verb: string; writes: boolean }): Promise<T> {
    const what = `${this.name} could not be ${how.verb}`
    const end = Date.now() + this.#options.timeout
    for (let pause = 25; ; pause = Math.min(pause * 2, 400)) {
      const client = this.#client()
      try {
        return await attempt(client, { deadline: this.#deadline(end) })
      } catch (error) {
        if (this.isClosed) throw this.#closed()
        if (isUnreachable(error)) this.#moveOn(client)
        const again = how.writes ? wasNeverSent(error) : isUnreachable(error)
        if (!again || Date.now() + pause >= end)
          throw translate(error, what, {
            maybeDone: how.writes && isUnreachable(error) && !wasNeverSent(error),
          })
      }
      await delay(pause)
    }
  }

  /** Of several servers none may use up the time of all. */
  #deadline(end: number): number {
    const share = this.#clients.length > 1 ? this.#options.timeout / 2 : this.#options.timeout
    return Math.min(end, Date.now() + share)
  }

  #client(): Etcd3 {
    const client = this.#clients[this.#current % this.#clients.length]
    if (this.isClosed || !client) throw this.#closed()
    return client
  }

  /** To the next server, unless somebody has gone there already. Streams go along. */
  #moveOn(from: Etcd3): void {
    if (this.#clients.length === 1 || this.#clients[this.#current] !== from) return
    this.#current = (this.#current + 1) % this.#clients.length
    this.#cancelStreams()
  }

  #cancelStreams(): void {
    for (const stream of this.#streams) stream.cancel()
    this.#streams.clear()
  }

  #closed(): StoreFault {
    return new StoreFault('closed', `${this.name} is closed`)
  }
}

type NoPolicy = NonNullable<NonNullable<IOptions['faultHandling']>['global']>

/** What grpc needs to know: reconnect soon, notice a dead server, and take answers of any length. */
function settings(host: string, options: EtcdOptions, noop: NoPolicy): IOptions {
  const { username, password } = options
  const { ca, key, certificate } = readCertificates(options, (name, message) => {
    throw new ConfigurationError(`"${name}" ${message}`)
  })
  return {
    hosts: host,
    ...(host.startsWith('https:') && { credentials: credentials({ ca, key, certificate }) }),
    ...(username !== undefined && password !== undefined && { auth: { username, password } }),
    defaultCallOptions: ({ isStream }) => (isStream ? {} : { deadline: Date.now() + options.timeout }),
    faultHandling: { global: noop, host: () => noop },
    grpcOptions: {
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 1000,
      'grpc.keepalive_time_ms': 10_000,
      'grpc.keepalive_timeout_ms': 5000,
      'grpc.max_receive_message_length': -1,
    },
  }
}

function credentials({ ca, key, certificate }: Record<'ca' | 'key' | 'certificate', Buffer | undefined>) {
  return {
    // The library says that it must be there, and hands undefined on to grpc, which then trusts whom the system trusts.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    rootCertificate: ca as Buffer,
    ...(key && certificate && { privateKey: key, certChain: certificate }),
  }
}

async function loadLibrary(): Promise<{ Etcd3: typeof Etcd3; noop: NoPolicy }> {
  try {
    const [{ Etcd3 }, { noop }] = await Promise.all([import('etcd3'), import('cockatiel')])
    return { Etcd3, noop }
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
    if (code !== 'ERR_MODULE_NOT_FOUND') throw cause
    throw new ConfigurationError(
      'A storage handler is of type "etcd", and the package etcd3 is missing; run: npm install etcd3',
      { cause },
    )
  }
}
