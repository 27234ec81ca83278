/** Reads a JWT without verifying it, to decide whether verification is worthwhile. Nothing read here is trusted. */
import { decodeJwt, decodeProtectedHeader } from 'jose'

/**
 * The accepted signature algorithms: only those with a key pair. With `none` or with a shared secret, anybody who knows
 * the public key could sign a token.
 */
export const algorithms: readonly string[] = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
]

/** Returns whether a text is a JWT that claims to be from this issuer and is signed with an accepted algorithm. */
export function isIssuedBy(issuer: string, token: string): boolean {
  try {
    const { alg = '' } = decodeProtectedHeader(token)
    return algorithms.includes(alg) && decodeJwt(token).iss === issuer
  } catch {
    return false
  }
}
