/** One host's turn in an operation: the work itself, and what is stored of how it went. */
import { type BootMark, type Facts, HostError, type HostErrorCode, isHostError } from '@commissaire/hosts'
import { Host, timestamp } from '@commissaire/models'

import { learnt, rebootState } from './host-reboot.ts'
import { failHost, reasonOf } from './host-record.ts'
import type { OperationRecord } from './operation-record.ts'
import type { Operation } from './operation-on-host.ts'
import type { RollOutMeans } from './roll-out.ts'

/** Troubles after which a host is not there, or is not itself; after others it goes on as it was. */
const lostHost: ReadonlySet<HostErrorCode> = new Set([
  'unreachable',
  'refused',
  'auth_failed',
  'host_key_changed',
  'identity_changed',
  'did_not_return',
])

/** The turn of a host that is claimed. */
export class HostTurn<T extends Operation> {
  readonly #host: Host
  readonly #record: OperationRecord<T>
  readonly #means: RollOutMeans

  constructor(host: Host, record: OperationRecord<T>, means: RollOutMeans) {
    this.#host = host
    this.#record = record
    this.#means = means
  }

  /** Works, and notes that the host is done. */
  async take(): Promise<void> {
    const { kind, id } = this.#record
    const { address } = this.#host
    this.#means.log.info({ address, operation: id }, `${id}: ${address} has its turn`)
    const facts = await this.#work()
    await this.#record.change((model) => ({
      ...kind.withDone(model, [...kind.done(model), address]),
      in_process: [],
      marks: without(model.marks, address),
    }))
    await this.#learn(facts)
    this.#means.log.info({ address, operation: id }, `${id}: ${address} is ${kind.participle}`)
  }

  /** Notes that the host failed, and why. */
  async fail(error: unknown): Promise<void> {
    const { address } = this.#host
    await this.#record.change((model) => ({
      ...model,
      in_process: [],
      marks: without(model.marks, address),
      failures: { ...model.failures, [address]: reasonOf(error) },
    }))
    if (isHostError(error) && lostHost.has(error.code)) await failHost(this.#means.storage, address, error)
  }

  async #work(): Promise<Facts> {
    const { access, signal, hostTimeout, reboot } = this.#means
    const { kind, model } = this.#record
    const { address } = this.#host
    const limit = AbortSignal.timeout(hostTimeout)
    const waiting = AbortSignal.any([signal, limit])
    const site = {
      pool: access.pool,
      target: await access.target(this.#host),
      connect: () => access.connect(this.#host, { signal: waiting }),
      signal: waiting,
      reboot,
      mark: this.#mark,
      keepMark: (mark: BootMark) => this.#keep(mark),
    }
    try {
      return await kind.work(model)(site)
    } catch (error) {
      if (!limit.aborted || signal.aborted) throw error
      const found = `${address} was not ${kind.participle} within ${Math.round(hostTimeout / 1000)} s`
      throw new HostError('timeout', found, { address, cause: error })
    }
  }

  get #mark(): BootMark | undefined {
    const mark = this.#record.model.marks[this.#host.address]
    return isMark(mark) ? mark : undefined
  }

  async #keep(mark: BootMark): Promise<void> {
    await this.#record.change((model) => ({ ...model, marks: { ...model.marks, [mark.address]: mark } }))
  }

  /** A host that was removed meanwhile has nothing to be told. */
  async #learn(facts: Facts): Promise<void> {
    const { storage } = this.#means
    const { address } = this.#host
    const now = { ...learnt(facts), ...(await this.#reboot(facts)) }
    if (!(await storage.find(Host, address))) return
    await storage.update(Host, address, (host) => ({ ...host, ...now, last_check: timestamp() }))
  }

  /** Whether it needs a reboot now; where it cannot be asked at once, the watcher will. */
  async #reboot(facts: Facts): Promise<Partial<Host>> {
    const { access, signal } = this.#means
    try {
      await using remote = await access.connect(this.#host, { signal })
      return { reboot: await rebootState(remote, facts, { signal }) }
    } catch (error) {
      if (!isHostError(error)) throw error
      return {}
    }
  }
}

function without(marks: Record<string, unknown>, address: string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(marks).filter(([other]) => other !== address))
}

/** What was kept as JSON by a process like this one. */
function isMark(mark: unknown): mark is BootMark {
  return typeof mark === 'object' && mark !== null && 'bootId' in mark && 'hostKey' in mark
}
