/** The error for a broker that cannot be reached, with advice that depends on the cause. */

import { BusError } from '../errors.ts'

/** Returns an error that says what was tried, what was found, and what to do. */
export function unreachable(broker: string, address: string, cause: unknown): BusError {
  const found = cause instanceof Error ? cause.message || codeOf(cause) : String(cause)
  const message = `cannot reach ${broker} at ${address}: ${found}; ${adviceOn(cause)}`
  return new BusError('ConnectionLost', message, { cause })
}

const unknownAuthority =
  'its certificate is not signed by an authority known here: name the file of its authority with ?ca=… in the URL'
const noTls = 'does that port use TLS? If not, use the scheme without TLS or the right port'

/** Advice by the code of the error, or by its message when the code is too general. */
const advice: readonly (readonly [RegExp, string])[] = [
  [/SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER|CERT_UNTRUSTED/, unknownAuthority],
  [
    /ALTNAME_INVALID/,
    'use a name of its certificate in the URL, or give the expected name with ?servername=…',
  ],
  [/CERT_HAS_EXPIRED|CERT_NOT_YET_VALID/, 'renew its certificate, or correct the clock'],
  [
    /CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE|ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_UNKNOWN)/,
    'it requires a client certificate that it trusts: give one with ?cert=…&key=… in the URL',
  ],
  [/WRONG_VERSION_NUMBER|EPROTO|PACKET_LENGTH_TOO_LONG/, noTls],
  [
    /WRONGPASS|NOAUTH|ACCESS_REFUSED|Login was refused/,
    'are user and password in the URL right, and may that user come from here?',
  ],
  [/ENOTFOUND|EAI_AGAIN/, 'is the name of the host right?'],
  [/vhost/, 'does that virtual host exist, and may the user enter it?'],
]

function adviceOn(cause: unknown): string {
  const text = `${codeOf(cause)} ${cause instanceof Error ? cause.message : String(cause)}`
  const found = advice.find(([pattern]) => pattern.test(text))
  return found?.[1] ?? 'is it running, and are address and password right?'
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : ''
}
