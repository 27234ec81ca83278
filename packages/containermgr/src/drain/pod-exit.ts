/**
 * How one pod leaves: it is evicted, again and again while the server says "not now", and then waited for. A pod is gone
 * when it is not there, or when another has its name: that is known by its uid.
 */
import { setTimeout as delay } from 'node:timers/promises'

import type { V1Pod } from '@kubernetes/client-node'

import { calling, hasStatus, type NodeApis, type Refusal, refusalOf } from './apis.ts'
import { budgetsOf, isBlockedBy, readBudgets } from './budgets.ts'
import type { PodTrouble } from './drain-error.ts'
import type { DrainEvent, DrainOptions } from './drain-options.ts'
import { isLongTerminating } from './filters.ts'

/** What a pod's leaving takes. */
export interface ExitMeans {
  readonly apis: NodeApis
  readonly options: DrainOptions
  /** Ends all waiting: the caller gave up, or time ran out. */
  readonly signal: AbortSignal
  /** The version of evictions that the server has. */
  readonly evictionVersion: string
}

/** What the server made of an eviction. */
type Answer = 'accepted' | 'gone' | 'not now'

/** One pod on its way out. What stood in its way last is remembered, for whoever has to explain. */
export class PodExit {
  readonly namespace: string
  readonly name: string
  readonly #means: ExitMeans
  #pod: V1Pod
  #trouble: Omit<PodTrouble, 'namespace' | 'name'> = { message: 'it was not asked to go yet' }

  constructor(pod: V1Pod, means: ExitMeans) {
    this.#pod = pod
    this.#means = means
    this.namespace = pod.metadata?.namespace ?? ''
    this.name = pod.metadata?.name ?? ''
  }

  /** What stands in its way. */
  get trouble(): PodTrouble {
    return { namespace: this.namespace, name: this.name, ...this.#trouble }
  }

  /** Evicts it, and waits until it is gone. Rejects with what the server said when it says no for good. */
  async evict(): Promise<void> {
    if (this.#wasToldBefore) return this.untilGone()
    let answer = await this.#tryToEvict()
    while (answer === 'not now') {
      await this.#pause(this.#means.options.retryDelay ?? 5_000)
      answer = (await this.#isReplaced()) ? 'gone' : await this.#tryToEvict()
    }
    if (answer === 'gone') this.#tell('gone')
    else await this.untilGone()
  }

  /** Deletes it without asking a budget. Does not wait. */
  async delete(): Promise<void> {
    this.#tell('deleting')
    const { core } = this.#means.apis
    const call = core.deleteNamespacedPod({ ...this.#place, body: this.#deleteOptions }, this.#calling())
    await call.catch(unless(404))
  }

  /** Waits until it is gone, or has been terminating for so long that it is not waited for. */
  async untilGone(): Promise<void> {
    this.#trouble = { message: 'it was told to go and is still there' }
    this.#tell('waiting')
    for (;;) {
      const now = await this.#read()
      if (!now || uidOf(now) !== uidOf(this.#pod)) return this.#tell('gone')
      if (isLongTerminating(now, this.#means.options)) return this.#tell('left')
      await this.#pause(this.#means.options.pollInterval ?? 1_000)
    }
  }

  /** In a drain that goes on, a pod that is terminating was evicted by whoever began it. */
  get #wasToldBefore(): boolean {
    return this.#means.options.startedAt !== undefined && Boolean(this.#pod.metadata?.deletionTimestamp)
  }

  async #tryToEvict(): Promise<Answer> {
    this.#tell('evicting')
    const { apis, evictionVersion: apiVersion } = this.#means
    const { name, namespace } = this.#place
    const deleteOptions = this.#deleteOptions
    const body = { apiVersion, kind: 'Eviction', metadata: { name, namespace }, deleteOptions }
    try {
      await apis.core.createNamespacedPodEviction({ name, namespace, body }, this.#calling())
      return 'accepted'
    } catch (error) {
      this.#means.signal.throwIfAborted()
      return this.#afterRefusal(error)
    }
  }

  /** In a namespace that is being deleted no eviction succeeds, and every pod goes by itself. */
  async #afterRefusal(error: unknown): Promise<Answer> {
    if (hasStatus(error, 404)) return 'gone'
    const refusal = refusalOf(error)
    const isEnding =
      hasStatus(error, 403) && refusal.causes.some(({ reason }) => reason === 'NamespaceTerminating')
    if (isEnding && this.#pod.metadata?.deletionTimestamp) return 'accepted'
    this.#trouble = { ...this.#trouble, message: refusal.message }
    if (!isEnding && !hasStatus(error, 429)) throw error
    const budget = isEnding ? undefined : ((await this.#blockingBudget(refusal)) ?? this.#trouble.budget)
    const message = refusal.causes.map((cause) => cause.message).find(Boolean) ?? refusal.message
    this.#trouble = { message, ...(budget && { budget }) }
    this.#tell('blocked', this.#trouble)
    return 'not now'
  }

  /** The server names the budget; one that does not is asked which there are. */
  async #blockingBudget({ causes }: Refusal): Promise<string | undefined> {
    const said = causes.find(({ reason }) => reason === 'DisruptionBudget')?.message ?? ''
    const [, named] = /disruption budget (\S+)/.exec(said) ?? []
    if (named) return named
    const { apis, signal } = this.#means
    const budgets = await readBudgets(apis, [this.#pod], { signal }).catch(() => [])
    return budgetsOf(this.#pod, budgets).find((budget) => isBlockedBy(this.#pod, budget))?.metadata?.name
  }

  /** Reads the pod again. One that cannot be read is tried again as it was; the next eviction tells. */
  async #isReplaced(): Promise<boolean> {
    const now = await this.#read().catch(() => this.#pod)
    if (!now || uidOf(now) !== uidOf(this.#pod)) return true
    this.#pod = now
    return false
  }

  async #read(): Promise<V1Pod | undefined> {
    try {
      return await this.#means.apis.core.readNamespacedPod(this.#place, this.#calling())
    } catch (error) {
      this.#means.signal.throwIfAborted()
      if (hasStatus(error, 404)) return undefined
      throw error
    }
  }

  async #pause(milliseconds: number): Promise<void> {
    await delay(milliseconds, undefined, { signal: this.#means.signal })
  }

  get #place(): { name: string; namespace: string } {
    return { name: this.name, namespace: this.namespace }
  }

  get #deleteOptions(): { gracePeriodSeconds?: number } {
    const { gracePeriod = -1 } = this.#means.options
    return gracePeriod < 0 ? {} : { gracePeriodSeconds: gracePeriod }
  }

  #calling() {
    return calling(this.#means.signal)
  }

  #tell(type: DrainEvent['type'], more: { message?: string; budget?: string } = {}): void {
    this.#means.options.onProgress?.({ type, namespace: this.namespace, name: this.name, ...more })
  }
}

function uidOf({ metadata }: V1Pod): string | undefined {
  return metadata?.uid
}

function unless(status: number): (error: unknown) => void {
  return (error) => {
    if (!hasStatus(error, status)) throw error
  }
}
