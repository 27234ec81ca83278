/** A double of an OpenID Connect issuer: discovery, a set of keys that can be changed, and tokens signed with them. */
import { createHmac } from 'node:crypto'
import {
  type CryptoKey,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  type JWK,
  type JWTPayload,
  SignJWT,
} from 'jose'
import { type Asked, PeerDouble, type Said } from './identity-provider-double.ts'

/** What a token is to claim; undefined takes away what it claims otherwise. */
type Claims = Readonly<Record<string, unknown>>

/** What may be otherwise about a token. */
export interface TokenOptions {
  readonly kid?: string
  readonly claims?: Claims | undefined
}

/** An issuer. Its tokens are for the audience `commissaire`, good for five minutes, of a user `alice`. */
export class IssuerDouble extends PeerDouble {
  readonly #pairs = new Map<string, { privateKey: CryptoKey; jwk: JWK; pem: string }>()
  /** The ids of the keys that it shows. */
  shown: string[] = []
  /** What its document of discovery says otherwise. */
  discovered: object = {}

  /** Makes a key, and shows it unless it is told otherwise. */
  async addKey(kid: string, { alg = 'ES256', show = true } = {}): Promise<void> {
    const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
    const jwk = { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' }
    this.#pairs.set(kid, { privateKey, jwk, pem: await exportSPKI(publicKey) })
    if (show) this.shown.push(kid)
  }

  /** A token that is signed as it should be. */
  async token({ kid = 'first', claims = {} }: TokenOptions = {}): Promise<string> {
    const pair = this.#pairs.get(kid)
    if (!pair) throw new Error(`the issuer has no key ${kid}`)
    const header = { alg: pair.jwk.alg ?? '', kid, typ: 'JWT' }
    return new SignJWT(this.claims(claims)).setProtectedHeader(header).sign(pair.privateKey)
  }

  /** A token that nobody signed. */
  unsigned(): string {
    return `${encoded({ alg: 'none', typ: 'JWT' })}.${encoded(this.claims())}.`
  }

  /** A token that is signed with the public key, as if that were a shared secret. */
  signedWithPublicKey(kid = 'first'): string {
    const body = `${encoded({ alg: 'HS256', kid, typ: 'JWT' })}.${encoded(this.claims())}`
    const { pem = '' } = this.#pairs.get(kid) ?? {}
    return `${body}.${createHmac('sha256', pem).update(body).digest('base64url')}`
  }

  protected claims(more: Claims = {}): JWTPayload {
    const now = Math.floor(Date.now() / 1000)
    const own = { iss: this.url, aud: 'commissaire', sub: 'alice', iat: now, exp: now + 300, groups: ['ops'] }
    const all = { ...own, ...more }
    return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
  }

  protected answer({ path }: Asked): Said {
    const keys = this.shown.map((kid) => this.#pairs.get(kid)?.jwk)
    if (path === '/keys') return { status: 200, body: { keys } }
    if (path !== '/.well-known/openid-configuration') return { status: 404, body: {} }
    return { status: 200, body: { issuer: this.url, jwks_uri: `${this.url}/keys`, ...this.discovered } }
  }
}

const encoded = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
