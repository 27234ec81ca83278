/**
 * Remembers for a short time who was let in, so that a strong hash does not cost every request a third of a second.
 *
 * What is kept is a keyed hash of the header, never the header; the key is drawn at the start and never leaves memory.
 */
import { createHmac, randomBytes } from 'node:crypto'
import type { Identity } from './authenticator.ts'

const CAPACITY = 1000

/** Who was let in lately. */
export class Remembered<Somebody extends Identity = Identity> {
  readonly #key = randomBytes(32)
  readonly #identities = new Map<string, { identity: Somebody; until: number }>()
  readonly #now: () => number

  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  /** Who sent this header before, if that is not too long ago. */
  recall(header: string): Somebody | undefined {
    const entry = this.#identities.get(this.#digest(header))
    return entry && entry.until > this.#now() ? entry.identity : undefined
  }

  /** Remembers who sent this header, for as long as the identity allows. */
  remember(header: string, identity: Somebody): void {
    if (!identity.rememberFor) return
    this.#forgetOldest()
    this.#identities.set(this.#digest(header), { identity, until: this.#now() + identity.rememberFor })
  }

  #forgetOldest(): void {
    for (const [digest, { until }] of this.#identities) {
      if (until > this.#now() && this.#identities.size < CAPACITY) return
      this.#identities.delete(digest)
    }
  }

  #digest(header: string): string {
    return createHmac('sha256', this.#key).update(header).digest('base64')
  }
}
