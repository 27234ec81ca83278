/**
 * Keeps connections, because a warm one is nine times as fast as a new one.
 *
 * One connection serves all who ask for the same login at the same host. New ones are made once, however many ask at
 * the same moment. Handshakes and commands wait for a slot of the scheduler.
 */
import { createHash } from 'node:crypto'
import { HostError, isHostError } from '../errors.ts'
import type { Remote } from '../remote.ts'
import { HostScheduler, type OrderedWork } from '../scheduling/scheduler.ts'
import type { Work } from '../scheduling/work.ts'
import { SingleFlight } from './single-flight.ts'
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
  /** Bounds the handshakes and commands that run at a time. Default: one with a limit that adapts. */
  readonly scheduler?: HostScheduler
  /** Connections that are kept while nobody uses them; the longest unused goes first. Default: 4096. */
  readonly maxConnections?: number
}

/** How a connection is asked for, and on whose behalf it is used. */
export interface PoolConnectOptions extends Work {
  readonly signal?: AbortSignal
}

/** Connections to many hosts. `await using pool = new RemotePool()` closes them all at the end of the block. */
export class RemotePool implements AsyncDisposable {
  /** Bounds the work on all hosts. */
  readonly scheduler: HostScheduler
  readonly #options: RemotePoolOptions
  readonly #warm = new Map<string, Lease>()
  readonly #attempts = new Map<string, SingleFlight<Lease>>()
  readonly #stopping = new AbortController()

  constructor(options: RemotePoolOptions = {}) {
    this.#options = options
    this.scheduler = options.scheduler ?? new HostScheduler()
  }

  /** How many connections are open. */
  get size(): number {
    return this.#warm.size
  }

  /** A remote on a kept connection, or on a new one. Its `close()` gives it back; the connection stays warm. */
  async connect(target: Target, { signal, ...work }: PoolConnectOptions = {}): Promise<Remote> {
    if (this.#stopping.signal.aborted) throw closed(target.address)
    const ordered = { ...work, order: this.scheduler.nextOrder() }
    const key = keyOf(target)
    const warm = this.#warmFor(key, target)
    if (warm) return warm.take(ordered)
    const attempt = this.#attempts.get(key) ?? this.#launch(key, target, ordered)
    const lease = await attempt.join(target.address, signal)
    return lease.take(ordered)
  }

  /** Closes every connection to this address, those in use and those in the making too. Before a reboot, say. */
  async forget(address: string): Promise<void> {
    const belongs = (key: string): boolean => key.startsWith(`${address} `)
    for (const [key, attempt] of this.#attempts) if (belongs(key)) attempt.cancel()
    const leases = [...this.#warm].filter(([key]) => belongs(key))
    for (const [key] of leases) this.#warm.delete(key)
    await Promise.all(leases.map(([, lease]) => lease.remote.close()))
  }

  /** Closes all connections, once what runs on them has ended; what waits to connect fails with `closed`. */
  async close(): Promise<void> {
    this.#stopping.abort()
    for (const attempt of this.#attempts.values()) attempt.cancel()
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

  #launch(key: string, target: Target, work: OrderedWork): SingleFlight<Lease> {
    const attemptKey = key
    const attempt = new SingleFlight<Lease>(async (signal) => {
      try {
        return this.#keep(key, await this.#handshake(target, work, signal))
      } finally {
        if (this.#attempts.get(attemptKey) === attempt) this.#attempts.delete(attemptKey)
      }
    })
    this.#attempts.set(attemptKey, attempt)
    return attempt
  }

  /** A host that accepted the connection and is silent while much else runs is tried again with a new slot. */
  async #handshake(target: Target, work: OrderedWork, signal: AbortSignal): Promise<SshRemote> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#attemptHandshake(target, work, signal)
      } catch (error) {
        if (!isOverloadSign(error) || !this.scheduler.isBusy || attempt === HANDSHAKES) throw error
      }
    }
  }

  /** A host that is down keeps us waiting, too, but that says nothing about the load. */
  async #attemptHandshake(target: Target, work: OrderedWork, signal: AbortSignal): Promise<SshRemote> {
    const slot = await this.scheduler.enter(work, signal)
    const { connectTimeout: timeout = 10_000, keepAlive } = this.#options
    try {
      const remote = await connect(target, { signal, timeout, ...(keepAlive !== undefined && { keepAlive }) })
      slot.leave({ answered: { command: 'connect', timeLimit: timeout } })
      return remote
    } catch (error) {
      slot.leave({ timedOut: isOverloadSign(error) })
      throw error
    }
  }

  #keep(key: string, remote: SshRemote): Lease {
    const lease = new Lease(remote, this.scheduler)
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

/** How often a handshake is attempted on a busy process. */
const HANDSHAKES = 3

/** Whether a host accepted the connection and then did not answer in time. */
function isOverloadSign(error: unknown): boolean {
  return isHostError(error, 'timeout') && error.details['accepted'] === true
}

/** Another user, port or key is another login, and never shares a connection. */
function keyOf({ address, port, user, privateKey }: Target): string {
  const secret = createHash('sha256').update(privateKey).digest('base64')
  return `${address} ${port ?? 22} ${user} ${secret}`
}

function closed(address: string): HostError {
  return new HostError('closed', `Connecting to ${address}: the pool of connections is closed`, { address })
}
