/**
 * Delivers events to one receiver: in order, one at a time, with retries until the receiver accepts it or it expires.
 *
 * The queue is bounded. A receiver that is unreachable for long does not delay others; it loses the events that expire or
 * do not fit into its queue.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { Logger } from '@commissaire/bus'
import { version } from '../version.ts'
import { signatureOf } from './signature.ts'
import type { WebhookSettings } from './webhook-settings.ts'

/** An event as the receiver gets it. */
export interface WebhookMessage {
  readonly id: string
  readonly event: string
}

/** The limits of deliveries. Times are in milliseconds. */
export interface WebhookLimits {
  /** The limit of one attempt; default 10 s. */
  readonly timeout?: number
  /** The delay after the first failed attempt, which doubles with each further one; default 1 s. */
  readonly initialDelay?: number
  /** The longest delay; default one minute. */
  readonly maxDelay?: number
  /** How long the delivery of an event is attempted; default 15 minutes. */
  readonly giveUpAfter?: number
  /** How many events may be queued; default 500. */
  readonly maxQueued?: number
}

/** The outcome of an attempt. A refused event is not sent again. */
type Outcome = { readonly kind: 'accepted' } | { readonly kind: 'refused' | 'failed'; readonly why: string }

/** One receiver and its queue. */
export class Webhook {
  readonly #settings: WebhookSettings
  readonly #log: Logger
  readonly #limits: Required<WebhookLimits>
  readonly #signal: AbortSignal
  readonly #origin: string
  #last: Promise<void> = Promise.resolve()
  #queued = 0

  constructor(
    settings: WebhookSettings,
    { log, signal, limits = {} }: { log: Logger; signal: AbortSignal; limits?: WebhookLimits },
  ) {
    this.#settings = settings
    this.#log = log
    this.#signal = signal
    this.#limits = { ...defaults, ...limits }
    // Only the origin is logged: with some receivers the path or the query is a secret.
    this.#origin = new URL(settings.url).origin
  }

  /**
   * Resolves when the event is delivered or discarded. Never settles once the signal is aborted: the event then stays
   * unacknowledged, and another server delivers it.
   */
  deliver(message: WebhookMessage): Promise<void> {
    if (!this.#isConfigured(message)) return Promise.resolve()
    if (this.#queued >= this.#limits.maxQueued) {
      this.#discard(message, `${this.#queued} events are queued already`)
      return Promise.resolve()
    }
    this.#queued++
    const until = performance.now() + this.#limits.giveUpAfter
    this.#last = this.#last.then(() => this.#send(message, until)).finally(() => this.#queued--)
    return this.#last
  }

  #isConfigured({ event }: WebhookMessage): boolean {
    return this.#settings.events.some((name) => name === event)
  }

  async #send(message: WebhookMessage, until: number): Promise<void> {
    const { initialDelay, maxDelay } = this.#limits
    for (let delay = initialDelay; ; delay = Math.min(maxDelay, delay * 2)) {
      const outcome = await this.#attempt(message)
      if (this.#signal.aborted) return never
      if (outcome.kind === 'accepted') return
      if (outcome.kind === 'refused' || performance.now() + delay > until)
        return this.#discard(message, outcome.why)
      this.#log.debug(
        { url: this.#origin, id: message.id, why: outcome.why },
        'A delivery to a webhook failed and will be retried',
      )
      await pause(delay, undefined, { signal: this.#signal }).catch(() => undefined)
    }
  }

  async #attempt(message: WebhookMessage): Promise<Outcome> {
    const body = JSON.stringify(message)
    const { url, secret } = this.#settings
    const headers = {
      'content-type': 'application/json',
      'user-agent': `commissaire/${version}`,
      'commissaire-event': message.event,
      'commissaire-id': message.id,
      'commissaire-signature': signatureOf(body, { secret, at: new Date() }),
    }
    const signal = AbortSignal.any([this.#signal, AbortSignal.timeout(this.#limits.timeout)])
    try {
      const response = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal })
      await response.body?.cancel()
      return outcomeOf(response)
    } catch (error) {
      return { kind: 'failed', why: reasonOf(error) }
    }
  }

  #discard({ id, event }: WebhookMessage, why: string): void {
    this.#log.error({ url: this.#origin, id, event, why }, 'An event could not be delivered to a webhook')
  }
}

const defaults = {
  timeout: 10_000,
  initialDelay: 1000,
  maxDelay: 60_000,
  giveUpAfter: 15 * 60_000,
  maxQueued: 500,
}

const never = new Promise<void>(() => {})

/** The 4xx statuses after which the event is sent again. */
const retryableStatuses = new Set([408, 425, 429])

/** Redirects are refused: the configuration must name the final URL. */
function outcomeOf({ status, ok }: Response): Outcome {
  if (ok) return { kind: 'accepted' }
  const isRefusal = status < 500 && !retryableStatuses.has(status)
  return { kind: isRefusal ? 'refused' : 'failed', why: `it answered ${status}` }
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return cause instanceof Error ? cause.message : String(cause)
}
