/** The turn of one host: step after step, each written down before it is begun and after it has ended. */
import type { Logger, Requester } from '@commissaire/bus'
import { BusError, errorTable } from '@commissaire/bus'
import { HostError, type HostErrorCode, isHostError, type RebootOptions } from '@commissaire/hosts'
import { Host } from '@commissaire/models'
import { changesHost, isEnd, type StepName } from '@commissaire/rollout'
import type { StorageClient } from '@commissaire/storage'
import { failHost } from '@commissaire/storage/host-lifecycle'

import type { HostAccess } from '../../shared/host-access.ts'
import { reasonOf } from '../../shared/failure-reason.ts'
import type { ClusterNodes } from '../node-steps/cluster-nodes.ts'
import { unlockHost } from '../../shared/host-lock.ts'
import { OperationLost } from '../../shared/operation-lost.ts'
import type { OperationRecord } from '../record/operation-record.ts'
import { HostOutput } from '../record/output.ts'
import type { StepContext, StepNote } from '../host-steps/step-context.ts'
import { steps } from '../host-steps/steps.ts'

/** What a turn takes. */
export interface HostRunnerDeps {
  readonly storage: StorageClient
  readonly requester: Requester
  readonly access: HostAccess
  readonly nodes: ClusterNodes
  readonly log: Logger
  readonly reboot: RebootOptions
  /** Milliseconds that no turn may take longer than, whatever its policy says. */
  readonly hostTimeout: number
  /** Ends the turn in the middle of a step: the operation is not ours any more, or we have no time left. */
  readonly signal: AbortSignal
  /** Ends also a step that changes the host, which should rather not be left half done. */
  readonly killing: AbortSignal
  /** Ends the turn after the present step. */
  readonly winding: AbortSignal
}

/** Troubles after which a host is not there, or is not itself; after others it goes on as it was. */
const hostLost: ReadonlySet<HostErrorCode> = new Set([
  'unreachable',
  'refused',
  'auth_failed',
  'host_key_changed',
  'identity_changed',
  'did_not_return',
])

/** Milliseconds to give a host back as it was found. */
const WAY_OUT = 15 * 60_000

/** Why a turn was stopped from outside: what it is in is neither done nor failed. */
class Stopped extends Error {
  override readonly name = 'Stopped'
}

/** One host on its way. */
export class HostRunner {
  readonly address: string
  readonly #record: OperationRecord
  readonly #deps: HostRunnerDeps
  readonly #output: HostOutput
  readonly #stopping = new AbortController()
  #running: Promise<void> | undefined

  constructor(record: OperationRecord, address: string, deps: HostRunnerDeps) {
    this.#record = record
    this.address = address
    this.#deps = deps
    this.#output = new HostOutput(deps, { operation: record.id, address })
  }

  /** Goes on until the host's turn is over, or it is stopped. Throws what is not the host's fault. */
  run(): Promise<void> {
    this.#running ??= this.#run()
    return this.#running
  }

  /** Ends the present step and begins none; resolves when nothing goes on any more. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Stopped('the turn is stopped'))
    await this.#running?.catch(() => undefined)
  }

  async #run(): Promise<void> {
    const { rollout } = this.#record
    const stopped = AbortSignal.any([this.#stopping.signal, this.#deps.winding])
    for (let step = rollout.nextStep(this.address); step; step = rollout.nextStep(this.address)) {
      if (stopped.aborted) return
      await this.#take(step)
    }
    await this.#end()
  }

  async #take(step: StepName): Promise<void> {
    const isResumed = this.#record.rollout.progress(this.address).began === step
    if (!isResumed)
      await this.#record.appendToHost(this.address, { type: 'step_began', step, at: Date.now() })
    try {
      const note = await this.#perform(step, isResumed)
      await this.#record.appendToHost(this.address, done(step, note))
    } catch (error) {
      if (this.#stopping.signal.aborted) return
      if (this.#deps.signal.aborted || isOurs(error)) throw error
      await this.#fail(step, error)
    }
    await this.#output.flush()
  }

  async #perform(step: StepName, isResumed: boolean): Promise<StepNote> {
    const { storage } = this.#deps
    const host = await storage.find(Host, this.address)
    if (!host)
      throw new HostError('key_invalid', `${this.address} is not registered any more`, {
        address: this.address,
      })
    const limit = this.#limit()
    const { signal: lost, killing } = this.#deps
    const ends = changesHost(step) ? [killing] : [lost, this.#stopping.signal]
    const signal = AbortSignal.any([...ends, limit])
    try {
      return await steps[step](this.#context(step, { host, isResumed, signal }))
    } catch (error) {
      if (!limit.aborted || this.#deps.signal.aborted || this.#stopping.signal.aborted) throw error
      const found = `${this.address} was not done within ${this.#time() / 1000} s, and was in step "${step}" then`
      throw new HostError('timeout', found, { address: this.address, cause: error })
    }
  }

  #limit(): AbortSignal {
    const left = this.#left()
    if (left === Infinity) return new AbortController().signal
    return AbortSignal.timeout(Math.ceil(Math.max(1, Math.min(left, 2 ** 31 - 1))))
  }

  /**
   * Milliseconds that are left. They count from the beginning of the turn, whoever worked on it then. Maintenance may last,
   * and a host on its way out, for which time may be over, has time of its own to be given back.
   */
  #left(): number {
    const { startedAt = Date.now(), wayOut } = this.#record.rollout.progress(this.address)
    if (this.#record.header.kind === 'drain') return Infinity
    return wayOut ? WAY_OUT : startedAt + this.#time() - Date.now()
  }

  /** Milliseconds that the turn may take. */
  #time(): number {
    return Math.min(this.#record.header.policy.host_timeout * 1000, this.#deps.hostTimeout)
  }

  #context(
    step: StepName,
    { host, isResumed, signal }: { host: Host; isResumed: boolean; signal: AbortSignal },
  ): StepContext {
    const { storage, access, nodes, log, reboot } = this.#deps
    const record = this.#record
    return {
      operation: record.header,
      host,
      progress: record.rollout.progress(this.address),
      isResumed,
      storage,
      access,
      nodes,
      log,
      reboot,
      signal,
      remainingTime: () => this.#left(),
      connect: () => access.connect(host, { signal }),
      onLine: (stream, line) => this.#output.add(step, stream, line),
      note: (note) => record.appendToHost(this.address, { type: 'step_noted', step, note, at: Date.now() }),
      report: (line) => this.#output.add(step, 'note', line),
    }
  }

  async #fail(step: StepName, error: unknown): Promise<void> {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    const { log, storage } = this.#deps
    const reason = reasonOf(error)
    this.#output.add(step, 'note', `failed: ${reason}`)
    log.warn(
      { err: error, address: this.address, step, operation: this.#record.id },
      `${step} failed: ${reason}`,
    )
    await this.#record.appendToHost(this.address, { type: 'step_failed', step, reason, code, at: Date.now() })
    const isLost = isHostError(error) && hostLost.has(error.code)
    if (isLost && (await storage.find(Host, this.address))) await failHost(storage, this.address, reason)
  }

  /** What is over gives the host back to others. */
  async #end(): Promise<void> {
    const { state } = this.#record.rollout.progress(this.address)
    if (isEnd(state) || state === 'waiting')
      await unlockHost(this.#deps.storage, { address: this.address, operation: this.#record.id })
    await this.#output.flush()
  }
}

function done(step: StepName, note: StepNote) {
  const entry = { type: 'step_done', step, at: Date.now() } as const
  return note === undefined ? entry : { ...entry, note }
}

/** Trouble of the bus, of storage, or of who works on the operation: not the host's, and it may pass. */
function isOurs(error: unknown): boolean {
  const isOfBus = error instanceof BusError && error.code !== errorTable.ContainerManager.code
  return isOfBus || error instanceof OperationLost || isHostError(error, 'cancelled')
}
