/**
 * Rolls an operation over a cluster's hosts, one after another, and stores how far it is after every step.
 *
 * It stops at the first host that fails, with the rest untouched: what broke one host would break the next. Hosts that
 * are not active are left out, and told.
 */
import { BusError, type Logger } from '@commissaire/bus'
import { isHostError, type RebootOptions } from '@commissaire/hosts'
import { Cluster, Host, timestamp } from '@commissaire/models'
import type { StorageClient } from '@commissaire/storage'

import { Heartbeat } from './heartbeat.ts'
import type { HostAccess } from './host-access.ts'
import { claimHost } from './host-claim.ts'
import { reasonOf } from './host-record.ts'
import { HostTurn } from './host-turn.ts'
import { OperationLost, type OperationRecord } from './operation-record.ts'
import type { Operation } from './operation-on-host.ts'

/** What rolling takes. */
export interface RollOutMeans {
  readonly storage: StorageClient
  readonly access: HostAccess
  readonly log: Logger
  readonly reboot: RebootOptions
  /** Milliseconds that the work on one host may take. */
  readonly hostTimeout: number
  /** Ends the work in the middle of a host. */
  readonly signal: AbortSignal
  /** Ends the work before the next host. */
  readonly winding: AbortSignal
}

/** Rolls on from where the record stands to the end of the operation. Throws where it must be let go of before. */
export async function rollOut<T extends Operation>(
  record: OperationRecord<T>,
  means: RollOutMeans,
): Promise<T> {
  await using life = new Heartbeat(record, means)
  const signal = AbortSignal.any([means.signal, life.signal])
  // Awaited here, as the signs of life end with this block.
  return await new RollOut(record, { ...means, signal }).run()
}

class RollOut<T extends Operation> {
  readonly #record: OperationRecord<T>
  readonly #means: RollOutMeans

  constructor(record: OperationRecord<T>, means: RollOutMeans) {
    this.#record = record
    this.#means = means
  }

  async run(): Promise<T> {
    const { storage, signal, winding } = this.#means
    const { hostset } = await storage.get(Cluster, this.#record.model.name)
    for (const address of this.#inOrder(hostset)) {
      signal.throwIfAborted()
      winding.throwIfAborted()
      const trouble = this.#isSettled(address) ? undefined : await this.#roll(address)
      if (trouble) return this.#stop(address, hostset, trouble)
    }
    return this.#sum(hostset)
  }

  /** What was in process when it was interrupted comes first. */
  #inOrder(hostset: readonly string[]): string[] {
    const interrupted = this.#record.model.in_process.filter((address) => hostset.includes(address))
    return [...new Set([...interrupted, ...hostset])]
  }

  #isSettled(address: string): boolean {
    const { kind, model } = this.#record
    return kind.done(model).includes(address) || Object.hasOwn(model.failures, address)
  }

  /** Works on one host; gives its trouble, where that ends the roll-out. */
  async #roll(address: string): Promise<unknown> {
    const host = await this.#means.storage.find(Host, address)
    const isResumed = this.#record.model.in_process.includes(address)
    if (!host || (host.status !== 'active' && !isResumed)) {
      await this.#leaveOut(address, host)
      return undefined
    }
    await claimHost(this.#record, address, this.#means)
    const turn = new HostTurn(host, this.#record, this.#means)
    try {
      await turn.take()
      return undefined
    } catch (error) {
      if (this.#means.signal.aborted || isOurs(error)) throw error
      await turn.fail(error)
      return error
    }
  }

  async #leaveOut(address: string, host: Host | undefined): Promise<void> {
    const why = host
      ? `its status is "${host.status}"${host.status_reason && ` (${host.status_reason})`}`
      : 'no such host is stored'
    this.#means.log.warn({ address, operation: this.#record.id }, `Left out ${address}: ${why}`)
    await this.#record.change((model) => ({
      ...model,
      in_process: [],
      failures: { ...model.failures, [address]: `left out: ${why}` },
    }))
  }

  #stop(address: string, hostset: readonly string[], trouble: unknown): Promise<T> {
    const untouched = hostset.filter((other) => !this.#isSettled(other))
    const rest = untouched.length > 0 ? ` Not touched: ${untouched.join(', ')}.` : ''
    return this.#end('failed', `Stopped at ${address}. ${reasonOf(trouble)}${rest}`)
  }

  #sum(hostset: readonly string[]): Promise<T> {
    const { kind, model } = this.#record
    if (hostset.length === 0) return this.#end('finished', 'The cluster has no hosts.')
    const failed = Object.keys(model.failures).length
    if (failed === 0) return this.#end('finished', '')
    return this.#end(
      'failed',
      `${failed} of ${hostset.length} hosts were not ${kind.participle}; "failures" says why.`,
    )
  }

  async #end(status: 'finished' | 'failed', reason: string): Promise<T> {
    const ended = { status, reason, in_process: [], finished_at: timestamp() } as const
    const model = await this.#record.change((current) => ({ ...current, ...ended, in_process: [] }))
    const facts = { operation: this.#record.id, status, reason, failures: model.failures }
    const sentence = `${this.#record.id} is ${status}. ${reason}`.trimEnd()
    if (status === 'failed') this.#means.log.error(facts, sentence)
    else this.#means.log.info(facts, sentence)
    return model
  }
}

/** Trouble of the bus, of storage, of who works on the operation or shares its connections: not the host's, and it may pass. */
function isOurs(error: unknown): boolean {
  return error instanceof BusError || error instanceof OperationLost || isHostError(error, 'cancelled')
}
