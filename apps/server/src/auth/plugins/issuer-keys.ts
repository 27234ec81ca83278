/**
 * The keys of an OpenID Connect issuer: found by discovery and cached for ten minutes. A token with an unknown key causes
 * another read, since issuers rotate their keys, but at a bounded rate, since anybody can send tokens with unknown keys.
 */
import {
  createLocalJWKSet,
  type CryptoKey,
  errors,
  type FlattenedJWSInput,
  type JWSHeaderParameters,
} from 'jose'
import { z } from 'zod'
import type { IdentityProviderClient } from './identity-provider.ts'

/** In milliseconds: how long keys are used, how often unknown keys cause a read, and the delay after a failed read. */
const CACHE_TIME = 600_000
const MIN_REFRESH_INTERVAL = 30_000
const RETRY_DELAY = 2_000

const DiscoveryDocument = z.object({ issuer: z.string(), jwks_uri: z.url({ protocol: /^https?$/ }) })
const KeySet = z.object({ keys: z.array(z.record(z.string(), z.unknown())) })

type KeyLookup = (header: JWSHeaderParameters, token: FlattenedJWSInput) => Promise<CryptoKey>

/** The keys of one issuer. */
export class IssuerKeys {
  readonly #issuer: string
  readonly #client: IdentityProviderClient
  #lookup: KeyLookup | undefined
  #readAt = -Infinity
  #failure: { readonly error: unknown; readonly at: number } | undefined
  #readInFlight: Promise<KeyLookup> | undefined

  constructor(issuer: string, client: IdentityProviderClient) {
    this.#issuer = issuer
    this.#client = client
  }

  /** Returns the key that a token names. Throws JWKSNoMatchingKey when the issuer does not have it. */
  async find(header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<CryptoKey> {
    const lookup = this.#lookup && this.#age < CACHE_TIME ? this.#lookup : await this.#read()
    try {
      return await lookup(header, token)
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || this.#age < MIN_REFRESH_INTERVAL) throw error
      return (await this.#read())(header, token)
    }
  }

  get #age(): number {
    return performance.now() - this.#readAt
  }

  /** Concurrent callers share one read. After a failure the same error is returned until the retry delay is over. */
  #read(): Promise<KeyLookup> {
    const failure = this.#failure
    if (failure && performance.now() - failure.at < RETRY_DELAY) return Promise.reject(failure.error)
    this.#readInFlight ??= this.#readNow().finally(() => (this.#readInFlight = undefined))
    return this.#readInFlight
  }

  async #readNow(): Promise<KeyLookup> {
    try {
      const lookup = createLocalJWKSet(await this.#fetchKeys())
      this.#lookup = lookup
      this.#readAt = performance.now()
      this.#failure = undefined
      return lookup
    } catch (error) {
      this.#failure = { error, at: performance.now() }
      throw error
    }
  }

  /** Not aborted with the caller, since others may wait for the same read; the client's own time limit ends it. */
  async #fetchKeys(): Promise<z.output<typeof KeySet>> {
    const url = `${this.#issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
    const { issuer, jwks_uri } = await this.#get(url, DiscoveryDocument)
    if (issuer !== this.#issuer)
      throw new Error(
        `${url} names the issuer "${issuer}", but "issuer" is "${this.#issuer}"; they must be equal`,
      )
    if (new URL(jwks_uri).protocol !== new URL(this.#issuer).protocol)
      throw new Error(`${url} names keys at ${jwks_uri}; the protocol must be that of the issuer`)
    return this.#get(jwks_uri, KeySet)
  }

  async #get<T>(url: string, schema: z.ZodType<T>): Promise<T> {
    const signal = new AbortController().signal
    const { status, json } = await this.#client.request({ method: 'GET', url, headers: {} }, { signal })
    const parsed = schema.safeParse(json)
    if (status === 200 && parsed.success) return parsed.data
    throw new Error(
      `the issuer answered ${status} at ${url} with an unexpected body; check that "issuer" is its address`,
    )
  }
}
