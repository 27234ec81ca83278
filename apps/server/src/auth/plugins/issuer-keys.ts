/**
 * The keys of an OpenID Connect issuer: found by discovery, kept for ten minutes, and read anew for a key that is not
 * known, as issuers change them; but at a bounded rate, as anybody can make up keys that are not known.
 */
import {
  createLocalJWKSet,
  type CryptoKey,
  errors,
  type FlattenedJWSInput,
  type JWSHeaderParameters,
} from 'jose'
import { z } from 'zod'
import type { Peer } from './identity-provider.ts'

/** Milliseconds: how long keys are good, and how long it takes at least until they are asked for again. */
const KEEP = 600_000
const REST = 30_000
const REST_AFTER_FAILURE = 2_000

const Discovered = z.object({ issuer: z.string(), jwks_uri: z.url({ protocol: /^https?$/ }) })
const KeySet = z.object({ keys: z.array(z.record(z.string(), z.unknown())) })

type Find = (header: JWSHeaderParameters, token: FlattenedJWSInput) => Promise<CryptoKey>

/** The keys of one issuer. */
export class IssuerKeys {
  readonly #issuer: string
  readonly #peer: Peer
  #find: Find | undefined
  #readAt = -Infinity
  #failure: { readonly error: unknown; readonly at: number } | undefined
  #reading: Promise<Find> | undefined

  constructor(issuer: string, peer: Peer) {
    this.#issuer = issuer
    this.#peer = peer
  }

  /** The key that a token names. Throws JWKSNoMatchingKey where the issuer has none such. */
  async find(header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<CryptoKey> {
    const find = this.#find && this.#age < KEEP ? this.#find : await this.#read()
    try {
      return await find(header, token)
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || this.#age < REST) throw error
      return (await this.#read())(header, token)
    }
  }

  get #age(): number {
    return performance.now() - this.#readAt
  }

  /** Once for all who want it at the same time; not again at once where that has just failed. */
  #read(): Promise<Find> {
    const failure = this.#failure
    if (failure && performance.now() - failure.at < REST_AFTER_FAILURE) return Promise.reject(failure.error)
    this.#reading ??= this.#readNow().finally(() => (this.#reading = undefined))
    return this.#reading
  }

  async #readNow(): Promise<Find> {
    try {
      const find = createLocalJWKSet(await this.#ask())
      this.#find = find
      this.#readAt = performance.now()
      this.#failure = undefined
      return find
    } catch (error) {
      this.#failure = { error, at: performance.now() }
      throw error
    }
  }

  /** A caller who has waited enough does not end it: others may wait for the same. The peer's own limit does. */
  async #ask(): Promise<z.output<typeof KeySet>> {
    const place = `${this.#issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
    const { issuer, jwks_uri } = await this.#get(place, Discovered)
    if (issuer !== this.#issuer)
      throw new Error(
        `${place} is of the issuer "${issuer}"; "issuer" must be just that, and is "${this.#issuer}"`,
      )
    if (new URL(jwks_uri).protocol !== new URL(this.#issuer).protocol)
      throw new Error(`${place} names keys at ${jwks_uri}; they must be reached as the issuer is`)
    return this.#get(jwks_uri, KeySet)
  }

  async #get<T>(url: string, schema: z.ZodType<T>): Promise<T> {
    const signal = new AbortController().signal
    const { status, json } = await this.#peer.ask({ method: 'GET', url, headers: {} }, { signal })
    const told = schema.safeParse(json)
    if (status === 200 && told.success) return told.data
    throw new Error(
      `the issuer answered ${status} at ${url}, with nothing that can be used; is "issuer" its address?`,
    )
  }
}
