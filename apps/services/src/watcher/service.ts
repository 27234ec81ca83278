/**
 * The watcher service: checks every host once a minute over connections that stay open.
 *
 * Each host has a record that circulates on the queue: a watcher takes the record, checks the host when it is due, and
 * puts the record back, so that several watchers share the hosts. Until then the record waits in this process and not in
 * a message handler. Records that are lost with a process are replaced by the next sweep over all stored hosts, of any
 * watcher. If a host has two records, the second check finds that the first was recent, and the records are merged when
 * one watcher has both.
 */
import { BusError, type Message } from '@commissaire/bus'
import type { RemotePool } from '@commissaire/hosts'
import { Hosts, parseModel, timestamp, ValidationError, WatcherRecord } from '@commissaire/models'
import {
  CommissaireService,
  type MethodDeclarations,
  type MethodHandlers,
  type MethodInput,
  type ServiceOptions,
} from '@commissaire/service'
import { StorageClient } from '@commissaire/storage'
import { z } from 'zod'

import { HostAccess } from '../shared/host-access.ts'
import { openHostPool } from '../shared/host-pool.ts'
import { watcherDefaults } from './defaults.ts'
import { ageOf, HostChecker } from './host-checker.ts'
import { type WatchEntry, WatchList } from './watch-list.ts'
import { orDefault } from '../shared/optional-argument.ts'
import { version } from '../shared/version.ts'

/** The options of the watcher besides those of every service. Times are milliseconds. */
export interface WatcherOptions extends ServiceOptions {
  /** Connections to share with others of this process; they stay open when the service closes. */
  readonly pool?: RemotePool
  /** Where sshd listens on the hosts; default 22. */
  readonly sshPort?: number
  /** How many handshakes and commands run on hosts at a time; by default the limit adapts to what comes back. */
  readonly sshLimit?: number | undefined
  /** How long after one check of a host the next is due; default one minute. */
  readonly interval?: number
  /** How often all stored hosts are searched for those without a record; default five intervals. */
  readonly sweep?: number
  /** How many hosts are checked at a time; default 64. */
  readonly concurrency?: number
  /** How long one check may take; default ten seconds. */
  readonly patience?: number
  /** How often a host's facts and its need of a reboot are read; default one hour. */
  readonly lookCloserAfter?: number
  /** How long an investigation may take before it is requested again; default ten minutes. */
  readonly stuckAfter?: number
}

/** The share of the interval by which checks are spread, so that they are not all due at once. */
const JITTER = 0.1

/** The method of the watcher as `jobs.watcher`. */
export const watcherMethods = {
  watcher: {
    input: z.object({ address: z.string(), last_check: orDefault(z.string(), '') }),
    doc: 'Adds the host to those that are checked.',
  },
} satisfies MethodDeclarations

/** Periodically connects to hosts and checks their status. */
export class WatcherService
  extends CommissaireService<WatcherOptions>
  implements MethodHandlers<typeof watcherMethods>
{
  static override readonly doc = 'Periodically connects to hosts and checks their status.'
  static override readonly version = version
  static override readonly methods = watcherMethods

  readonly #storage = new StorageClient(this)
  readonly #pool: RemotePool
  readonly #checker: HostChecker
  readonly #list: WatchList
  readonly #interval: number
  readonly #stopping = new AbortController()
  #sweeping: NodeJS.Timeout | undefined

  constructor(options: WatcherOptions = {}) {
    super({ queues: [{ name: 'watcher', routingKey: 'jobs.watcher' }], ...options })
    const { sshPort, sshLimit } = options
    const pool = options.pool ?? openHostPool({ sshLimit, metrics: this.metrics })
    const { interval, concurrency, patience, stuckAfter, lookCloserAfter } = {
      ...watcherDefaults,
      ...options,
    }
    this.#interval = interval
    this.#pool = pool
    const access = new HostAccess(this.#storage, pool, { port: sshPort, kind: 'watch' })
    const { signal } = this.#stopping
    const storage = this.#storage
    this.#checker = new HostChecker({
      requester: this,
      storage,
      access,
      log: this.log,
      interval,
      patience,
      lookCloserAfter,
      stuckAfter,
      signal,
    })
    const check = (address: string, entry: WatchEntry) => this.#check(address, entry)
    this.#list = new WatchList({ check, onChecked: (record) => this.#publishRecord(record), concurrency })
  }

  /** Consumes records and starts the sweeps over all stored hosts. */
  override async start(): Promise<void> {
    await super.start()
    await this.#sweep()
  }

  /** Puts the records that wait here back on the queue for other watchers. */
  override async close(): Promise<void> {
    await this.drain()
    clearTimeout(this.#sweeping)
    this.#stopping.abort()
    for (const address of await this.#list.close()) await this.#publishRecord({ address, last_check: '' })
    await super.close()
    if (!this.options.pool) await this.#pool.close()
  }

  /** Exposed as `jobs.watcher`, for callers that use JSON-RPC. */
  on_watcher(_message: Message, record: MethodInput<typeof watcherMethods.watcher>): void {
    this.#take(record)
  }

  /** Takes a bare record, as peers send it. */
  protected override received({ body }: Message): void {
    this.#take(body)
  }

  #take(data: unknown): void {
    const { address, last_check } = readRecord(data)
    const early = JITTER * Math.random() * this.#interval
    this.#list.add(address, { by: 'record', after: this.#interval - early - ageOf({ last_check }) })
  }

  /** Logs an error and keeps the host: it is checked again. */
  async #check(address: string, { by }: WatchEntry): Promise<WatcherRecord | undefined> {
    try {
      const { kind, last_check } = await this.#checker.check(address, { freshFor: this.#interval / 2 })
      if (kind === 'gone' || (kind === 'fresh' && by === 'sweep')) return undefined
      return { address, last_check }
    } catch (err) {
      if (!this.#stopping.signal.aborted)
        this.log.error({ address, err }, `Host ${address} could not be checked`)
      return { address, last_check: timestamp() }
    }
  }

  /** Publishes the record for the next watcher. A record that the broker does not take stays here. */
  async #publishRecord(record: WatcherRecord): Promise<void> {
    const { address } = record
    try {
      await this.publish('jobs.watcher', JSON.stringify(record))
    } catch (err) {
      this.log.warn({ address, err }, `The record of host ${address} could not be published; it is kept here`)
      this.#list.add(address, { by: 'record', after: this.#interval })
    }
  }

  /** Adds every stored host. One that another watcher checks is dropped when it is due, as its check is recent. */
  async #sweep(): Promise<void> {
    try {
      for (const host of await this.#storage.list(Hosts)) {
        const spread = JITTER * Math.random() * this.#interval
        this.#list.add(host.address, {
          by: 'sweep',
          after: spread + Math.max(0, 2 * this.#interval - ageOf(host)),
        })
      }
      this.#scheduleSweep(this.options.sweep ?? 5 * this.#interval)
    } catch (err) {
      if (this.#stopping.signal.aborted) return
      this.log.warn(
        { err },
        'The stored hosts could not be listed; only hosts with a record on the queue are watched',
      )
      this.#scheduleSweep(this.#interval / 4)
    }
  }

  #scheduleSweep(after: number): void {
    if (!this.#stopping.signal.aborted) this.#sweeping = setTimeout(() => void this.#sweep(), after)
  }
}

function readRecord(data: unknown): WatcherRecord {
  try {
    return parseModel(WatcherRecord, data)
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error
    throw new BusError('InvalidRequest', error.message, { data: { faults: error.faults }, cause: error })
  }
}
