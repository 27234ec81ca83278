/**
 * Finds the key of a requested model, and creates the error for a missing one in the words that peers parse.
 */
import { keyOf, type ModelDefinition, parseAs } from '@commissaire/models'
import { BusError } from '@commissaire/bus'
import { z } from 'zod'
import { keyPath } from './keys.ts'

/** The key in data of which nothing else needs to be right: peers look a model up by sending one with defaults. */
export function identify(definition: ModelDefinition, data: object): string {
  const { name, key = '', schema } = definition
  const attribute = schema.shape[key]
  if (!attribute) throw new TypeError(`${name} has no key that it could be stored under`)
  return keyOf(definition, parseAs(z.object({ [key]: attribute }), data, { name }))
}

/** The error for a model that is not stored, as peers know it; `given` is what it was looked up by. */
export function notFound(definition: ModelDefinition, key: string, given: object = {}): BusError {
  return new BusError('StorageLookup', `(-20000) Key not found : ${keyPath(definition, key)}`, {
    data: { model_json_data: [echo(definition, key, given)], model_type_name: definition.name },
  })
}

/** What was looked up, with defaults; of a secret model the key alone. */
function echo(definition: ModelDefinition, key: string, given: object): Record<string, unknown> {
  const known: Record<string, unknown> = definition.secret ? {} : { ...given }
  const attributes = Object.entries(definition.schema.shape).map(([name, schema]) => {
    const value = name === definition.key ? key : known[name]
    const parsed = schema.safeParse(value)
    return [name, parsed.success ? parsed.data : (value ?? '')]
  })
  return Object.fromEntries(attributes)
}
