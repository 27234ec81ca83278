/**
 * What an operator may not see or send on the bus: secrets have one endpoint that shows them, and this is not it.
 */
import { models } from '@commissaire/models'
import { redact } from '@commissaire/service'

const secretModels = Object.values(models)
  .filter(({ secret }) => secret)
  .map(({ name }) => name)

/** The secret model that is named somewhere in this; undefined where none is. */
export function secretModelIn(value: unknown): string | undefined {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return secretModels.find((name) => text.includes(name))
}

/** The same without the members that hold secrets, also within texts that are JSON. */
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
