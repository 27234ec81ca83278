/**
 * One look at a host: is it there, is it itself, and what does that make of its status?
 *
 * What is found is only written where nobody wrote in the meantime, so that an operation's or an investigation's newer
 * word stands. A host that an operation is working on may well be away; it is not called failed for that. Nor is one that
 * seemed slow while it was this process that did not get to run.
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
import { lookCloser } from '../shared/host-reboot.ts'
import { reasonOf } from '../shared/failure-reason.ts'
import { LoopLag } from './loop-lag.ts'
import { activeOperationOn } from '../shared/host-lock.ts'

/** What looking at hosts takes. */
export interface HostWatchMeans {
  readonly requester: Requester
  readonly storage: StorageClient
  readonly access: HostAccess
  readonly log: Logger
  /** Milliseconds that one look may take. */
  readonly patience: number
  /** Milliseconds after which a host is looked at more closely: its facts, and whether it needs a reboot. */
  readonly lookCloserAfter: number
  /** Milliseconds after which a host that is still being investigated is handed to the investigator again. */
  readonly stuckAfter: number
  readonly signal: AbortSignal
}

/** What became of a look: somebody else had just looked, or there is no such host any more. */
export interface Sight {
  readonly kind: 'seen' | 'fresh' | 'gone'
  /** When the host was last looked at. */
  readonly last_check: string
}

/** Looks at hosts, and remembers of each what one look alone cannot tell. */
export class HostWatch {
  readonly #means: HostWatchMeans
  readonly #membership: ClusterMembership
  readonly #lag: LoopLag
  /** Since when hosts are in the investigator's hands. */
  readonly #investigatedSince = new Map<string, number>()
  /** Hosts that were handed to the investigator since they were last away. */
  readonly #handedOver = new Set<string>()

  constructor(means: HostWatchMeans) {
    this.#means = means
    this.#membership = new ClusterMembership(means.storage)
    this.#lag = new LoopLag(means.signal)
  }

  /** Looks at a host, unless somebody did less than `freshFor` milliseconds ago. */
  async look(address: string, { freshFor }: { freshFor: number }): Promise<Sight> {
    const fetched = await this.#means.storage.findWithRevision(Host, address)
    if (!fetched) return this.#forget(address)
    const { model: host } = fetched
    if (ageOf(host) < freshFor) return { kind: 'fresh', last_check: host.last_check }
    if (hostPhase(host) === 'investigation') await this.#remind(host)
    else await this.#judge(fetched)
    return { kind: 'seen', last_check: timestamp() }
  }

  async #judge(fetched: Fetched<Host>): Promise<void> {
    const { model: host } = fetched
    const found = await this.#knockFairly(host)
    if (!found) return
    const move = found instanceof Error ? await this.#away(host, found) : await this.#there(host, found)
    const seen = move && (await recordCheck(this.#means.storage, fetched, move))
    if (!seen || (seen.status === host.status && seen.status_reason === host.status_reason)) return
    const { address, status, status_reason } = seen
    this.#means.log.info(
      { address, from: host.status, to: status, status_reason },
      `Host ${address} is ${status}`,
    )
  }

  /**
   * Time that ran out while this process missed much of it is not the host's fault: then it looks again, and where that
   * goes on, it says nothing of the host this time.
   */
  async #knockFairly(host: Host): Promise<HostKnowledge | HostError | undefined> {
    const { access, log, patience } = this.#means
    for (let turn = 1; turn <= FAIR_TURNS; turn++) {
      const before = this.#lag.missed
      const found = await this.#knock(host)
      const missed = this.#lag.missed - before
      if (!isHostError(found, 'timeout') || missed < patience * UNFAIR) return found
      const facts = { address: host.address, missed: Math.round(missed), patience }
      log.warn(
        facts,
        `Host ${host.address} seemed slow, but this process did not get to run; it is busy or starved`,
      )
      await access.pool.forget(host.address)
    }
    return undefined
  }

  /** What was learnt of the host, its key first of all; or what is wrong. */
  async #knock(host: Host): Promise<HostKnowledge | HostError> {
    const { access, patience: timeout, signal } = this.#means
    try {
      await using remote = await access.connect(host, { signal, timeout })
      const key = host.host_key || remote.hostKey
      return { host_key: key, ...(this.#isDue(host) && (await this.#lookCloser(remote))) }
    } catch (error) {
      if (isHostError(error)) return error
      throw error
    }
  }

  #isDue({ reboot }: Host): boolean {
    return ageOf({ last_check: reboot.checked_at }) > this.#means.lookCloserAfter * (0.9 + Math.random() / 5)
  }

  /** For a minute at most: a host whose tools are slower than that is no less well. */
  #lookCloser(remote: Remote): Promise<HostKnowledge> {
    return lookCloser(remote, { signal: AbortSignal.any([this.#means.signal, AbortSignal.timeout(60_000)]) })
  }

  /** Undefined where nothing is to be said: we are stopping, or the host is away because it is worked on. */
  async #away({ address }: Host, trouble: HostError): Promise<HostMove | undefined> {
    const { signal, storage, access } = this.#means
    if (signal.aborted) return undefined
    await access.pool.forget(address)
    if (await activeOperationOn(storage, address)) return undefined
    this.#handedOver.delete(address)
    return { status: 'failed', status_reason: reasonOf(trouble) }
  }

  /** One that was never made ready, or not again since, needs more than a look. */
  async #there(host: Host, found: HostKnowledge): Promise<HostMove> {
    const { status, status_reason } = host
    if (hostPhase(host) === 'ready') return { ...found, ...(await this.#standing(host)) }
    if (host.bootstrapped_at) return { ...found, ...(await this.#freshStanding(host)) }
    await this.#handOver(host)
    return { ...found, status, status_reason }
  }

  /** What a ready host should be, which it is unless somebody left a step undone. */
  async #standing(host: Host): Promise<HostMove> {
    const isMember = (await this.#membership.of(host.address)).length > 0
    const { status, status_reason } = host
    return isMember === isAvailableHost(host) ? { status, status_reason } : this.#freshStanding(host)
  }

  async #freshStanding(host: Host): Promise<HostMove> {
    const clusters = await this.#membership.of(host.address, { fresh: true })
    return readyStanding(this.#means, host, clusters)
  }

  async #remind(host: Host): Promise<void> {
    const since = this.#investigatedSince.get(host.address) ?? Date.now()
    this.#investigatedSince.set(host.address, since)
    if (Date.now() - since < this.#means.stuckAfter) return
    this.#investigatedSince.set(host.address, Date.now())
    await this.#means.requester.notify('jobs.investigate', { address: host.address, cluster_data: {} })
  }

  async #handOver({ address }: Host): Promise<void> {
    if (this.#handedOver.has(address)) return
    this.#handedOver.add(address)
    this.#means.log.info({ address }, `Host ${address} is there but not ready; it is to be investigated`)
    await this.#means.requester.notify('jobs.investigate', { address, cluster_data: {} })
  }

  async #forget(address: string): Promise<Sight> {
    this.#investigatedSince.delete(address)
    this.#handedOver.delete(address)
    await this.#means.access.pool.forget(address)
    return { kind: 'gone', last_check: '' }
  }
}

/** A look is unfair when this process missed that part of the host's time. */
const UNFAIR = 1 / 3
/** How often a look is repeated that was unfair. */
const FAIR_TURNS = 3

/** Milliseconds since somebody last looked at it. */
export function ageOf({ last_check }: { last_check: string }): number {
  return Date.now() - (parseTimestamp(last_check)?.getTime() ?? 0)
}
