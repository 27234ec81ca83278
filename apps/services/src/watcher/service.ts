/**
 * The watcher: looks at every host once a minute, over connections that stay open.
 *
 * A host's record goes round on the queue: whoever takes it looks at the host when that is due, and puts it back. So
 * several watchers share the hosts. Meanwhile the record waits in this process, not in a handler; what a process held
 * when it died is found again by its own or another's sweep over all stored hosts. Where one host has two records,
 * they become one as soon as they meet, and until then the second finds that the first has just looked.
 */
import { BusError, type Message } from '@commissaire/bus'
import { RemotePool } from '@commissaire/hosts'
import { Hosts, parseModel, timestamp, ValidationError, WatcherRecord } from '@commissaire/models'
import { CommissaireService, type MethodDeclarations, type ServiceOptions } from '@commissaire/service'
import { StorageClient } from '@commissaire/storage'

import { HostAccess } from '../shared/host-access.ts'
import { ageOf, HostWatch } from './host-watch.ts'
import { type Turn, WatchList } from './watch-list.ts'
import { version } from '../shared/version.ts'

/** What the watcher takes besides what every service takes. Times are milliseconds. */
export interface WatcherOptions extends ServiceOptions {
  /** Connections to share with others of this process; they stay open when the service closes. */
  readonly pool?: RemotePool
  /** Where sshd listens on the hosts; default 22. */
  readonly sshPort?: number
  /** How long after one look at a host the next is due; default one minute. */
  readonly interval?: number
  /** How often all stored hosts are gone over for those that nobody watches; default five intervals. */
  readonly sweep?: number
  /** How many hosts are looked at at a time; default 64. */
  readonly concurrency?: number
  /** How long one look may take; default ten seconds. */
  readonly patience?: number
  /** How often a host is asked for its facts and whether it needs a reboot; default an hour. */
  readonly lookCloserAfter?: number
  /** How long a host may be in the investigator's hands before it is told again; default ten minutes. */
  readonly stuckAfter?: number
}

/** Looks are due a little early, and not all at once. */
const JITTER = 0.1

/** Periodically connects to hosts and checks their status. */
export class WatcherService extends CommissaireService<WatcherOptions> {
  static override readonly doc = 'Periodically connects to hosts and checks their status.'
  static override readonly version = version
  static override readonly methods: MethodDeclarations = {
    watcher: { params: ['address', 'last_check'], doc: 'From now on this host is watched, too.' },
  }

  readonly #storage = new StorageClient(this)
  readonly #pool: RemotePool
  readonly #watch: HostWatch
  readonly #list: WatchList
  readonly #interval: number
  readonly #stopping = new AbortController()
  #sweeping: NodeJS.Timeout | undefined

  constructor(options: WatcherOptions = {}) {
    super({ queues: [{ name: 'watcher', routingKey: 'jobs.watcher' }], ...options })
    const { pool = new RemotePool(), sshPort, interval = 60_000, concurrency = 64 } = options
    const { patience = 10_000, stuckAfter = 10 * 60_000, lookCloserAfter = 60 * 60_000 } = options
    this.#interval = interval
    this.#pool = pool
    const access = new HostAccess(this.#storage, pool, { port: sshPort })
    const { signal } = this.#stopping
    const storage = this.#storage
    this.#watch = new HostWatch({
      requester: this,
      storage,
      access,
      log: this.log,
      patience,
      lookCloserAfter,
      stuckAfter,
      signal,
    })
    const look = (address: string, turn: Turn) => this.#look(address, turn)
    this.#list = new WatchList({ look, again: (record) => this.#sendRound(record), concurrency })
  }

  /** Takes records, and goes over all stored hosts, now and then again. */
  override async start(): Promise<void> {
    await super.start()
    await this.#sweep()
  }

  /** Puts the records that wait here back on the queue for others. */
  override async close(): Promise<void> {
    await this.drain()
    clearTimeout(this.#sweeping)
    this.#stopping.abort()
    for (const address of await this.#list.close()) await this.#sendRound({ address, last_check: '' })
    await super.close()
    if (!this.options.pool) await this.#pool.close()
  }

  /** Exposed as `jobs.watcher`, for those who speak JSON-RPC. */
  on_watcher(_message: Message, address: string, last_check = ''): void {
    this.#take({ address, last_check })
  }

  /** A bare record, as peers send it. */
  protected override received({ body }: Message): void {
    this.#take(body)
  }

  #take(data: unknown): void {
    const { address, last_check } = readRecord(data)
    const early = JITTER * Math.random() * this.#interval
    this.#list.add(address, { by: 'record', after: this.#interval - early - ageOf({ last_check }) })
  }

  /** Nobody's trouble ends the watching of a host: what went wrong is logged, and it is looked at again. */
  async #look(address: string, { by }: Turn): Promise<WatcherRecord | undefined> {
    try {
      const { kind, last_check } = await this.#watch.look(address, { freshFor: this.#interval / 2 })
      if (kind === 'gone' || (kind === 'fresh' && by === 'sweep')) return undefined
      return { address, last_check }
    } catch (err) {
      if (!this.#stopping.signal.aborted)
        this.log.error({ address, err }, `Could not look at host ${address}`)
      return { address, last_check: timestamp() }
    }
  }

  /** The record goes on; where the broker does not take it, it stays here. */
  async #sendRound(record: WatcherRecord): Promise<void> {
    const { address } = record
    try {
      await this.publish('jobs.watcher', JSON.stringify(record))
    } catch (err) {
      this.log.warn({ address, err }, `The record of host ${address} could not go round; it waits here`)
      this.#list.add(address, { by: 'record', after: this.#interval })
    }
  }

  /** Takes on hosts that nobody seems to look at; if somebody does, that shows when they would be due. */
  async #sweep(): Promise<void> {
    try {
      for (const host of await this.#storage.list(Hosts)) {
        const spread = JITTER * Math.random() * this.#interval
        this.#list.add(host.address, {
          by: 'sweep',
          after: spread + Math.max(0, 2 * this.#interval - ageOf(host)),
        })
      }
      this.#sweepAfter(this.options.sweep ?? 5 * this.#interval)
    } catch (err) {
      if (this.#stopping.signal.aborted) return
      this.log.warn(
        { err },
        'The stored hosts could not be listed; only those whose records come round are watched',
      )
      this.#sweepAfter(this.#interval / 4)
    }
  }

  #sweepAfter(after: number): void {
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
