/**
 * Keeps secrets out of the bus endpoints. Secrets are only returned by the endpoint of host credentials.
 */
import { models } from '@commissaire/models'
import { redact } from '@commissaire/service'

const secretModels = Object.values(models)
  .filter(({ secret }) => secret)
  .map(({ name }) => name)

/** Returns the secret model that is named anywhere in the value; undefined when there is none. */
export function secretModelIn(value: unknown): string | undefined {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return secretModels.find((name) => text.includes(name))
}

/** Returns the value without members that hold secrets, also inside texts that are JSON. */
export function withoutSecrets(value: unknown): unknown {
  if (typeof value === 'string') return withoutSecretsInText(value)
  if (Array.isArray(value)) return value.map(withoutSecrets)
  if (typeof value !== 'object' || value === null) return value
  return redact(Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withoutSecrets(each)])))
}

function withoutSecretsInText(text: string): unknown {
  const parsed = parse(text)
  return typeof parsed === 'object' && parsed !== null ? JSON.stringify(withoutSecrets(parsed)) : redact(text)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
