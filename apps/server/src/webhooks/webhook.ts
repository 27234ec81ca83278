/**
 * One receiver: gets its events in order, one at a time, each again and again until it takes it or time is up.
 *
 * What waits is bounded. A receiver that is away for long costs the others nothing, and itself the events that grow too
 * old or find no room.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { Logger } from '@commissaire/bus'
import { version } from '../version.ts'
import { signatureOf } from './signature.ts'
import type { WebhookSettings } from './webhook-settings.ts'

/** Something to be sent. */
export interface Tiding {
  readonly id: string
  readonly event: string
}

/** How long things may take, in milliseconds, and how much may wait. */
export interface WebhookLimits {
  /** How long one attempt may take; default 10 s. */
  readonly timeout?: number
  /** The pause after the first failed attempt, which doubles with each; default 1 s. */
  readonly firstPause?: number
  /** The longest pause; default one minute. */
  readonly longestPause?: number
  /** How long an event is tried; default 15 minutes. */
  readonly giveUpAfter?: number
  /** How many events may wait; default 500. */
  readonly mostWaiting?: number
}

/** What an attempt came to. */
type Outcome = { readonly kind: 'taken' } | { readonly kind: 'refused' | 'failed'; readonly why: string }

/** One receiver. */
export class Webhook {
  readonly #settings: WebhookSettings
  readonly #log: Logger
  readonly #limits: Required<WebhookLimits>
  readonly #signal: AbortSignal
  readonly #place: string
  #last: Promise<void> = Promise.resolve()
  #waiting = 0

  constructor(
    settings: WebhookSettings,
    { log, signal, limits = {} }: { log: Logger; signal: AbortSignal; limits?: WebhookLimits },
  ) {
    this.#settings = settings
    this.#log = log
    this.#signal = signal
    this.#limits = { ...defaults, ...limits }
    // What comes after it may be secret, as some receivers have it.
    this.#place = new URL(settings.url).origin
  }

  /** Resolves when the event is delivered or given up; never once the signal is aborted, as another is to do it then. */
  deliver(tiding: Tiding): Promise<void> {
    if (!this.#wants(tiding)) return Promise.resolve()
    if (this.#waiting >= this.#limits.mostWaiting) {
      this.#giveUp(tiding, `${this.#waiting} others wait already`)
      return Promise.resolve()
    }
    this.#waiting++
    const until = performance.now() + this.#limits.giveUpAfter
    this.#last = this.#last.then(() => this.#send(tiding, until)).finally(() => this.#waiting--)
    return this.#last
  }

  #wants({ event }: Tiding): boolean {
    return this.#settings.events.some((name) => name === event)
  }

  async #send(tiding: Tiding, until: number): Promise<void> {
    const { firstPause, longestPause } = this.#limits
    for (let length = firstPause; ; length = Math.min(longestPause, length * 2)) {
      const outcome = await this.#attempt(tiding)
      if (this.#signal.aborted) return never
      if (outcome.kind === 'taken') return
      if (outcome.kind === 'refused' || performance.now() + length > until)
        return this.#giveUp(tiding, outcome.why)
      this.#log.debug({ url: this.#place, id: tiding.id, why: outcome.why }, 'A webhook is tried again')
      await pause(length, undefined, { signal: this.#signal }).catch(() => undefined)
    }
  }

  async #attempt(tiding: Tiding): Promise<Outcome> {
    const body = JSON.stringify(tiding)
    const { url, secret } = this.#settings
    const headers = {
      'content-type': 'application/json',
      'user-agent': `commissaire/${version}`,
      'commissaire-event': tiding.event,
      'commissaire-id': tiding.id,
      'commissaire-signature': signatureOf(body, { secret, at: new Date() }),
    }
    const signal = AbortSignal.any([this.#signal, AbortSignal.timeout(this.#limits.timeout)])
    try {
      const answer = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal })
      await answer.body?.cancel()
      return outcomeOf(answer)
    } catch (error) {
      return { kind: 'failed', why: reasonOf(error) }
    }
  }

  #giveUp({ id, event }: Tiding, why: string): void {
    this.#log.error({ url: this.#place, id, event, why }, 'An event could not be delivered to a webhook')
  }
}

const defaults = {
  timeout: 10_000,
  firstPause: 1000,
  longestPause: 60_000,
  giveUpAfter: 15 * 60_000,
  mostWaiting: 500,
}

const never = new Promise<void>(() => {})

/** Statuses of 4xx that may be others in a moment. */
const passing = new Set([408, 425, 429])

/** Nothing is followed: a receiver that has moved is to be configured anew. */
function outcomeOf({ status, ok }: Response): Outcome {
  if (ok) return { kind: 'taken' }
  const isRefusal = status < 500 && !passing.has(status)
  return { kind: isRefusal ? 'refused' : 'failed', why: `it answered ${status}` }
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return cause instanceof Error ? cause.message : String(cause)
}
