/**
 * Parses the `Authorization: Basic` header of RFC 7617.
 */

/** A user name and a password. */
export interface BasicCredentials {
  readonly user: string
  readonly password: string
}

/** Returns the credentials in the header; undefined when it is absent, of another scheme or malformed. */
export function basicCredentials(header: string | undefined): BasicCredentials | undefined {
  const encoded = /^basic +([a-z0-9+/_=-]+) *$/i.exec(header ?? '')?.[1]
  if (encoded === undefined) return undefined
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon < 0 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) }
}
