/**
 * Keeps connections, because a warm one is nine times as fast as a new one.
 *
 * One connection serves all who ask for the same login at the same host. New ones are made once, however many ask at
 * the same moment, and only so many handshakes run at once: more would only make each of them slower.
 */
import { createHash } from 'node:crypto'
import { HostError } from '../errors.ts'
import { Gate } from './gate.ts'
import type { Remote } from '../remote.ts'
import { Flight } from './flight.ts'
import { connect } from './connect.ts'
import { matchesPin } from './host-key.ts'
import { Lease } from './lease.ts'
import type { SshRemote } from './remote.ts'
import type { Target } from './target.ts'

/** What a pool may keep, and for how long. */
export interface RemotePoolOptions {
  /** Milliseconds between signs of life on a silent connection. Default: 15 seconds. */
  readonly keepAlive?: number
  /** Milliseconds for one connection to be made. Default: 10 seconds. */
  readonly connectTimeout?: number
  /** Handshakes that run at once. Default: 64. */
  readonly maxHandshakes?: number
  /** Connections that are kept while nobody uses them; the longest unused goes first. Default: 4096. */
  readonly maxConnections?: number
}

/** Connections to many hosts. `await using pool = new RemotePool()` closes them all at the end of the block. */
export class RemotePool implements AsyncDisposable {
  readonly #options: RemotePoolOptions
  readonly #handshakes: Gate
  readonly #warm = new Map<string, Lease>()
  readonly #flights = new Map<string, Flight<Lease>>()
  readonly #stopping = new AbortController()

  constructor(options: RemotePoolOptions = {}) {
    this.#options = options
    this.#handshakes = new Gate(options.maxHandshakes ?? 64)
  }

  /** How many connections are open. */
  get size(): number {
    return this.#warm.size
  }

  /** A remote on a kept connection, or on a new one. Its `close()` gives it back; the connection stays warm. */
  async connect(target: Target, options: { readonly signal?: AbortSignal } = {}): Promise<Remote> {
    if (this.#stopping.signal.aborted) throw closed(target.address)
    const key = keyOf(target)
    const warm = this.#warmFor(key, target)
    if (warm) return warm.take()
    const flight = this.#flights.get(key) ?? this.#launch(key, target)
    const lease = await flight.join(target.address, options.signal)
    return lease.take()
  }

  /** Closes every connection to this address, those in use and those in the making too. Before a reboot, say. */
  async forget(address: string): Promise<void> {
    const belongs = (key: string): boolean => key.startsWith(`${address} `)
    for (const [key, flight] of this.#flights) if (belongs(key)) flight.cancel()
    const leases = [...this.#warm].filter(([key]) => belongs(key))
    for (const [key] of leases) this.#warm.delete(key)
    await Promise.all(leases.map(([, lease]) => lease.remote.close()))
  }

  /** Closes all connections, once what runs on them has ended; what waits to connect fails with `closed`. */
  async close(): Promise<void> {
    this.#stopping.abort()
    for (const flight of this.#flights.values()) flight.cancel()
    const leases = [...this.#warm.values()]
    this.#warm.clear()
    await Promise.all(leases.map((lease) => lease.drain()))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** A kept connection that is still good: open, and to a host with the key that is pinned now. */
  #warmFor(key: string, target: Target): Lease | undefined {
    const lease = this.#warm.get(key)
    if (!lease?.remote.isOpen) return undefined
    if (target.hostKey && !matchesPin(lease.remote.hostKey, target.hostKey)) return undefined
    this.#warm.delete(key)
    this.#warm.set(key, lease)
    return lease
  }

  #launch(key: string, target: Target): Flight<Lease> {
    const flightKey = key
    const flight = new Flight<Lease>(async (signal) => {
      try {
        return this.#keep(key, await this.#handshake(target, signal))
      } finally {
        if (this.#flights.get(flightKey) === flight) this.#flights.delete(flightKey)
      }
    })
    this.#flights.set(flightKey, flight)
    return flight
  }

  async #handshake(target: Target, signal: AbortSignal): Promise<SshRemote> {
    const leave = await this.#handshakes.enter(signal)
    const { connectTimeout, keepAlive } = this.#options
    try {
      return await connect(target, {
        signal,
        ...(connectTimeout !== undefined && { timeout: connectTimeout }),
        ...(keepAlive !== undefined && { keepAlive }),
      })
    } finally {
      leave()
    }
  }

  #keep(key: string, remote: SshRemote): Lease {
    const lease = new Lease(remote)
    this.#warm.set(key, lease)
    void remote.closed.then(() => this.#warm.get(key) === lease && this.#warm.delete(key))
    this.#makeRoom()
    return lease
  }

  #makeRoom(): void {
    const limit = this.#options.maxConnections ?? 4096
    for (const [key, lease] of this.#warm) {
      if (this.#warm.size <= limit) return
      if (lease.isUsed) continue
      this.#warm.delete(key)
      void lease.remote.close()
    }
  }
}

/** Another user, port or key is another login, and never shares a connection. */
function keyOf({ address, port, user, privateKey }: Target): string {
  const secret = createHash('sha256').update(privateKey).digest('base64')
  return `${address} ${port ?? 22} ${user} ${secret}`
}

function closed(address: string): HostError {
  return new HostError('closed', `Connecting to ${address}: the pool of connections is closed`, { address })
}
