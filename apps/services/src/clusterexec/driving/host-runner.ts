/** Runs the steps of one host of an operation. Each step is journaled before it begins and after it ends. */
import type { Logger, Requester } from '@commissaire/bus'
import { BusError, errorTable } from '@commissaire/bus'
import { HostError, type HostErrorCode, isHostError, type RebootOptions } from '@commissaire/hosts'
import { Host } from '@commissaire/models'
import { isEnd, type StepName } from '@commissaire/rollout'
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
import { RunnerStopped, stepSignal, type StopSignals } from './stop-signals.ts'

/** What the runner of a host needs. */
export interface HostRunnerDeps {
  readonly storage: StorageClient
  readonly requester: Requester
  readonly access: HostAccess
  readonly nodes: ClusterNodes
  readonly log: Logger
  readonly reboot: RebootOptions
  /** Milliseconds that the work on a host may take at most, whatever the policy of the operation is. */
  readonly hostTimeout: number
  readonly stops: StopSignals
}

/** Errors after which a host counts as failed. After any other its status stays. */
const hostLost: ReadonlySet<HostErrorCode> = new Set([
  'unreachable',
  'refused',
  'auth_failed',
  'host_key_changed',
  'identity_changed',
  'did_not_return',
])

/** Milliseconds that reverting a host to its previous state may take. */
const REVERT_TIMEOUT = 15 * 60_000

/** Runs the steps of one host. */
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

  /** Runs steps until none is left, or the runner is stopped. Throws errors that are not the host's fault. */
  run(): Promise<void> {
    this.#running ??= this.#run()
    return this.#running
  }

  /** Begins no further step, interrupts the present one if that is safe, and resolves when it has ended. */
  async stop(): Promise<void> {
    this.#stopping.abort(new RunnerStopped(`the work on ${this.address} was stopped`))
    // Whoever called run() receives the error.
    await this.#running?.catch(() => undefined)
  }

  async #run(): Promise<void> {
    const { rollout } = this.#record
    const stopped = AbortSignal.any([this.#stopping.signal, this.#deps.stops.afterStep])
    for (let step = rollout.nextStep(this.address); step; step = rollout.nextStep(this.address)) {
      if (stopped.aborted) return
      await this.#runStep(step)
    }
    await this.#finish()
  }

  async #runStep(step: StepName): Promise<void> {
    const isResumed = this.#record.rollout.progress(this.address).began === step
    if (!isResumed)
      await this.#record.appendToHost(this.address, { type: 'step_began', step, at: Date.now() })
    try {
      const note = await this.#perform(step, isResumed)
      await this.#record.appendToHost(this.address, done(step, note))
    } catch (error) {
      if (error instanceof RunnerStopped) return
      if (!isHostFault(error)) throw error
      await this.#fail(step, error)
    }
    await this.#output.flush()
  }

  async #perform(step: StepName, isResumed: boolean): Promise<StepNote> {
    const { storage } = this.#deps
    const host = await storage.find(Host, this.address)
    if (!host)
      throw new HostError('key_invalid', `${this.address} is no longer stored`, {
        address: this.address,
      })
    const timeout = this.#timeout()
    const signal = stepSignal(step, this.#deps.stops, { runner: this.#stopping.signal, timeout })
    try {
      return await steps[step](this.#context(step, { host, isResumed, signal }))
    } catch (error) {
      if (timeout.aborted && signal.reason === timeout.reason) throw this.#timedOut(step, error)
      signal.throwIfAborted()
      throw error
    }
  }

  #timeout(): AbortSignal {
    const left = this.#remainingTime()
    if (left === Infinity) return new AbortController().signal
    return AbortSignal.timeout(Math.ceil(Math.max(1, Math.min(left, 2 ** 31 - 1))))
  }

  #timedOut(step: StepName, cause: unknown): HostError {
    const found = `${this.address} was not done within ${this.#maxTime() / 1000} s; it was in step "${step}"`
    return new HostError('timeout', found, { address: this.address, cause })
  }

  /**
   * Milliseconds that are left. They count from the first step of the host, also across workers. A drain for maintenance
   * has no limit, and reverting a host has a limit of its own.
   */
  #remainingTime(): number {
    const { startedAt = Date.now(), wayOut } = this.#record.rollout.progress(this.address)
    if (this.#record.header.kind === 'drain') return Infinity
    return wayOut ? REVERT_TIMEOUT : startedAt + this.#maxTime() - Date.now()
  }

  /** Milliseconds that the work on the host may take. */
  #maxTime(): number {
    return Math.min(this.#record.header.policy.host_timeout * 1000, this.#deps.hostTimeout)
  }

  #context(
    step: StepName,
    { host, isResumed, signal }: { host: Host; isResumed: boolean; signal: AbortSignal },
  ): StepContext {
    const { storage, access, nodes, log, reboot } = this.#deps
    const record = this.#record
    const { cluster } = record.header
    const onWait = (): void => this.#output.add(step, 'note', 'waiting for a free slot')
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
      remainingTime: () => this.#remainingTime(),
      connect: () => access.connect(host, { signal, cluster, onWait }),
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
      `Step ${step} of ${this.address} failed: ${reason}`,
    )
    await this.#record.appendToHost(this.address, { type: 'step_failed', step, reason, code, at: Date.now() })
    const isLost = isHostError(error) && hostLost.has(error.code)
    if (isLost && (await storage.find(Host, this.address))) await failHost(storage, this.address, reason)
  }

  /** Releases the lock of a host that is done, or waits again. */
  async #finish(): Promise<void> {
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

/** Errors of the bus, of storage or of this worker are not the host's fault, and the step can be repeated. */
function isHostFault(error: unknown): boolean {
  const isOfBus = error instanceof BusError && error.code !== errorTable.ContainerManager.code
  return !isOfBus && !(error instanceof OperationLost) && !isHostError(error, 'cancelled')
}
