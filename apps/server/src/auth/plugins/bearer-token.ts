/**
 * Parses the `Authorization: Bearer` header of RFC 6750, and tells Commissaire's API tokens from others. API tokens are
 * never sent to an identity provider.
 */

/** Returns the token in the header; undefined when it is absent, of another scheme or malformed. */
export function bearerToken(header: string | undefined): string | undefined {
  return /^bearer +([\w.~+/-]+=*) *$/i.exec(header ?? '')?.[1]
}

/** Returns whether a token has the form that `commctl token` makes. */
export function isApiToken(token: string): boolean {
  return token.startsWith('ctk_')
}
