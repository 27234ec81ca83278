/**
 * Reads the `Authorization: Bearer` header of RFC 6750, and tells our own tokens from those of others: a token of ours
 * is shown to no peer.
 */

/** The token in the header; undefined when it is absent, of another scheme, or malformed. */
export function bearerToken(header: string | undefined): string | undefined {
  return /^bearer +([\w.~+/-]+=*) *$/i.exec(header ?? '')?.[1]
}

/** Whether a token is one that `commctl token` makes. */
export function isApiToken(token: string): boolean {
  return token.startsWith('ctk_')
}
