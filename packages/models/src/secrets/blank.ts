/**
 * Masks the secrets in options before they are shown.
 */

/** What is shown in the place of a secret. */
export const blankText = '***'

const secretName = /password|passwd|passphrase|secret|token|credential|(^|_)key$/i

/** A copy in which every secret, and every password in a URL, is `***`. Paths of files stay. */
export function blankSecrets(config: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(config).map(([name, value]) => [name, blank(name, value)]))
}

function blank(name: string, value: unknown): unknown {
  if (secretName.test(name) && !/_(path|file)$/.test(name)) return blankText
  if (typeof value === 'string') return value.replace(/(\/\/[^/:@]*):[^/@]*@/, '$1:***@')
  if (Array.isArray(value)) return value.map((each) => blank(name, each))
  return isRecord(value) ? blankSecrets(value) : value
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
