/**
 * Keeps secrets out of the log: members whose names denote secrets, passwords in URLs, and private keys in any text.
 * It returns a copy and cuts off values that are nested too deeply.
 */

const hidden = '[hidden]'
const maxDepth = 8
const secretName =
  /^(?:.*[-_])?(?:password|passwd|passphrase|secret|token|authorization|cookie|credentials|ssh[-_]?priv[-_]?key|private[-_]?key|api[-_]?key)$/i
const urlPassword = /(\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@]*):[^\s/@]+@/gi
const privateKey = /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g

/** Returns a copy of the value without secrets. */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return redactText(value)
  if (typeof value !== 'object' || value === null) return value
  if (depth >= maxDepth) return '[deep]'
  if (Array.isArray(value)) return value.map((each) => redact(each, depth + 1))
  if (!isPlain(value)) return value
  return redactMembers(value, depth)
}

/** Returns a copy of the object without secrets. */
export function redactMembers(value: object, depth = 0): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, redactMember(key, each, depth)]))
}

/** Returns the text without passwords in URLs and without private keys. */
export function redactText(text: string): string {
  return text.replaceAll(urlPassword, `$1:${hidden}@`).replaceAll(privateKey, `${hidden} private key`)
}

function redactMember(key: string, value: unknown, depth: number): unknown {
  const isSecret = secretName.test(camelToSnake(key)) && value !== null && value !== undefined && value !== ''
  return isSecret ? hidden : redact(value, depth + 1)
}

const camelToSnake = (key: string) => key.replaceAll(/([a-z])([A-Z])/g, '$1_$2')

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
