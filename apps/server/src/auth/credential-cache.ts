/**
 * Caches successful authentications for a short time, so that the cost of a slow hash is not paid by every request.
 *
 * The key of an entry is a hash of a secret and the credentials, never the credentials themselves. The secret is random, is
 * made at start and never leaves memory.
 */
import { hash, randomBytes } from 'node:crypto'
import type { Identity } from './authenticator.ts'

const CAPACITY = 1000

/** Recently authenticated identities by their credentials. */
export class CredentialCache<CachedIdentity extends Identity = Identity> {
  readonly #secret = randomBytes(32).toString('base64')
  readonly #entries = new Map<string, { identity: CachedIdentity; expires: number }>()
  readonly #now: () => number

  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  /** Returns the identity that was cached for these credentials; undefined when there is none or it has expired. */
  get(credentials: string): CachedIdentity | undefined {
    const entry = this.#entries.get(this.#digest(credentials))
    return entry && entry.expires > this.#now() ? entry.identity : undefined
  }

  /** Caches the identity for as long as its `rememberFor` allows. */
  set(credentials: string, identity: CachedIdentity): void {
    if (!identity.rememberFor) return
    this.#evict()
    const expires = this.#now() + identity.rememberFor
    this.#entries.set(this.#digest(credentials), { identity, expires })
  }

  /** Removes expired entries from the oldest on, and the oldest one when the cache is full. */
  #evict(): void {
    for (const [digest, { expires }] of this.#entries) {
      if (expires > this.#now() && this.#entries.size < CAPACITY) return
      this.#entries.delete(digest)
    }
  }

  #digest(credentials: string): string {
    return hash('sha256', this.#secret + credentials, 'base64')
  }
}
