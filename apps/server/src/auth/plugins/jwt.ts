/** What of a JWT is looked at before anything of it is verified: nothing that is believed. */
import { decodeJwt, decodeProtectedHeader } from 'jose'

/**
 * Signatures with a key pair, and no others: with `none` and with shared secrets anybody who knows the public key could
 * sign.
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

/** Whether a text is a JWT that says to be from this issuer, signed in a way that is worth a look. */
export function isMeantFor(issuer: string, token: string): boolean {
  try {
    const { alg = '' } = decodeProtectedHeader(token)
    return algorithms.includes(alg) && decodeJwt(token).iss === issuer
  } catch {
    return false
  }
}
