/**
 * Checks one host over SSH and derives its status from the result.
 *
 * The result is written only if the host's record did not change during the check, so that a newer status written by an
 * operation or an investigation is kept. An unreachable host is not marked as failed while an operation works on it, nor
 * when the check timed out because this process was starved of processor time.
 */
import type { Logger, Requester } from '@commissaire/bus'
import { type HostError, isHostError, type Remote } from '@commissaire/hosts'
import { Host, hostPhase, isAvailableHost, parseTimestamp, timestamp } from '@commissaire/models'
import type { Fetched, StorageClient } from '@commissaire/storage'
import {
  ClusterMembership,
  type HostKnowledge,
  type HostMove,
  readyStanding,
  recordCheck,
} from '@commissaire/storage/host-lifecycle'

import type { HostAccess } from '../shared/host-access.ts'
import { refreshFacts } from '../shared/host-reboot.ts'
import { reasonOf } from '../shared/failure-reason.ts'
import { LoopLag } from './loop-lag.ts'
import { RetrySchedule } from './retry-schedule.ts'
import { activeOperationOn } from '../shared/host-lock.ts'

/** What a host checker needs. */
export interface HostCheckerDeps {
  readonly requester: Requester
  readonly storage: StorageClient
  readonly access: HostAccess
  readonly log: Logger
  /** Milliseconds between two checks of a host. */
  readonly interval: number
  /** Milliseconds that one check may take. */
  readonly patience: number
  /** Milliseconds after which a host's facts and its need of a reboot are read again. */
  readonly lookCloserAfter: number
  /** Milliseconds after which an investigation that has not ended is requested again. */
  readonly stuckAfter: number
  readonly signal: AbortSignal
}

/** The result of a check: `fresh` if another watcher checked the host recently, `gone` if the host is no longer stored. */
export interface CheckResult {
  readonly kind: 'seen' | 'fresh' | 'gone'
  /** When the host was last checked. */
  readonly last_check: string
}

/** Checks hosts. Keeps the state that spans several checks of a host: pending investigations. */
export class HostChecker {
  readonly #deps: HostCheckerDeps
  readonly #membership: ClusterMembership
  readonly #lag: LoopLag
  /** When the current investigation of each host was first seen, or last requested. */
  readonly #investigatedSince = new Map<string, number>()
  /** When the investigation of hosts that are not ready is requested. */
  readonly #retries: RetrySchedule

  constructor(deps: HostCheckerDeps) {
    this.#deps = deps
    this.#membership = new ClusterMembership(deps.storage)
    this.#lag = new LoopLag(deps.signal)
    this.#retries = new RetrySchedule({ first: deps.interval })
  }

  /** Checks a host, unless it was checked less than `freshFor` milliseconds ago. */
  async check(address: string, { freshFor }: { freshFor: number }): Promise<CheckResult> {
    const fetched = await this.#deps.storage.findWithRevision(Host, address)
    if (!fetched) return this.#dropRemoved(address)
    const { model: host } = fetched
    if (ageOf(host) < freshFor) return { kind: 'fresh', last_check: host.last_check }
    if (hostPhase(host) === 'investigation') await this.#renewInvestigation(host)
    else await this.#assess(fetched)
    return { kind: 'seen', last_check: timestamp() }
  }

  async #assess(fetched: Fetched<Host>): Promise<void> {
    const { model: host } = fetched
    const found = await this.#probeFairly(host)
    if (!found) return
    const move =
      found instanceof Error
        ? await this.#assessUnreachable(host, found)
        : await this.#assessReachable(host, found)
    const stored = move && (await recordCheck(this.#deps.storage, fetched, move))
    if (!stored || (stored.status === host.status && stored.status_reason === host.status_reason)) return
    const { address, status, status_reason } = stored
    this.#deps.log.info(
      { address, from: host.status, to: status, status_reason },
      `Host ${address} is ${status}`,
    )
  }

  /**
   * Repeats a probe that timed out while this process was starved, as that says nothing about the host. Returns undefined
   * when this happens too often in a row.
   */
  async #probeFairly(host: Host): Promise<HostKnowledge | HostError | undefined> {
    const { access, log, patience } = this.#deps
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      const before = this.#lag.missed
      const found = await this.#probe(host)
      const missed = this.#lag.missed - before
      if (!isHostError(found, 'timeout') || missed < patience * MAX_STARVED) return found
      const facts = { address: host.address, missed: Math.round(missed), patience }
      log.warn(
        facts,
        `The check of host ${host.address} timed out while this process was starved of processor time; it is repeated`,
      )
      await access.pool.forget(host.address)
    }
    return undefined
  }

  /** Returns what was learned of the host, at least its key, or the error that it was checked with. */
  async #probe(host: Host): Promise<HostKnowledge | HostError> {
    const { access, patience: timeout, signal } = this.#deps
    try {
      await using remote = await access.connect(host, { signal, timeout })
      const key = host.host_key || remote.hostKey
      return { host_key: key, ...(this.#isDue(host) && (await this.#refreshFacts(remote))) }
    } catch (error) {
      if (isHostError(error)) return error
      throw error
    }
  }

  #isDue({ reboot }: Host): boolean {
    return ageOf({ last_check: reboot.checked_at }) > this.#deps.lookCloserAfter * (0.9 + Math.random() / 5)
  }

  /** A host whose tools do not answer in time keeps its status. */
  #refreshFacts(remote: Remote): Promise<HostKnowledge> {
    return refreshFacts(remote, this.#deps)
  }

  /** Returns undefined if the status stays: this process stops, or an operation works on the host. */
  async #assessUnreachable({ address }: Host, error: HostError): Promise<HostMove | undefined> {
    const { signal, storage, access } = this.#deps
    if (signal.aborted) return undefined
    await access.pool.forget(address)
    if (await activeOperationOn(storage, address)) return undefined
    return { status: 'failed', status_reason: reasonOf(error) }
  }

  /** A host that is not bootstrapped, or not since it was last investigated, is handed to the investigator. */
  async #assessReachable(host: Host, found: HostKnowledge): Promise<HostMove> {
    const { status, status_reason } = host
    if (hostPhase(host) === 'ready') {
      this.#retries.forget(host.address)
      return { ...found, ...(await this.#expectedStatus(host)) }
    }
    if (host.bootstrapped_at) return { ...found, ...(await this.#statusByMembership(host)) }
    await this.#requestInvestigation(host)
    return { ...found, status, status_reason }
  }

  /** The status stays unless it contradicts the host's membership, because a previous step did not complete. */
  async #expectedStatus(host: Host): Promise<HostMove> {
    const isMember = (await this.#membership.of(host.address)).length > 0
    const { status, status_reason } = host
    return isMember === isAvailableHost(host) ? { status, status_reason } : this.#statusByMembership(host)
  }

  async #statusByMembership(host: Host): Promise<HostMove> {
    const clusters = await this.#membership.of(host.address, { fresh: true })
    return readyStanding(this.#deps, host, clusters)
  }

  /** Requests the investigation again if the present one lasts too long. */
  async #renewInvestigation(host: Host): Promise<void> {
    const since = this.#investigatedSince.get(host.address) ?? Date.now()
    this.#investigatedSince.set(host.address, since)
    if (Date.now() - since < this.#deps.stuckAfter) return
    this.#investigatedSince.set(host.address, Date.now())
    await this.#deps.requester.notify('jobs.investigate', { address: host.address, cluster_data: {} })
  }

  async #requestInvestigation({ address }: Host): Promise<void> {
    if (!this.#retries.isDue(address)) return
    this.#deps.log.info(
      { address },
      `Host ${address} is reachable but not bootstrapped; its investigation was requested`,
    )
    await this.#deps.requester.notify('jobs.investigate', { address, cluster_data: {} })
  }

  async #dropRemoved(address: string): Promise<CheckResult> {
    this.#investigatedSince.delete(address)
    this.#retries.forget(address)
    await this.#deps.access.pool.forget(address)
    return { kind: 'gone', last_check: '' }
  }
}

/** The share of a check's time that this process may be starved of before the check is repeated. */
const MAX_STARVED = 1 / 3
/** How often a check is attempted that times out while this process is starved. */
const MAX_ATTEMPTS = 3

/** Milliseconds since the last check. */
export function ageOf({ last_check }: { last_check: string }): number {
  return Date.now() - (parseTimestamp(last_check)?.getTime() ?? 0)
}
