/**
 * Seals the secrets among a model's options, such as a container manager's token: the rest stays readable, also for
 * other tools. Options that were stored in plain text are read as they are.
 */
import { blankSecrets, type ModelDefinition } from '@commissaire/models'
import type { Place } from '../handler.ts'
import type { Vault } from './vault.ts'

type Options = Record<string, unknown>

/** The model with each of its secret options sealed for its place. */
export function sealOptions(
  { guarded }: ModelDefinition,
  model: object,
  { vault, place }: { vault: Vault; place: Place },
): object {
  return withOptions(guarded, model, (options) => {
    const shown = blankSecrets(options)
    return (name, value) =>
      JSON.stringify(shown[name]) === JSON.stringify(value)
        ? value
        : vault.seal(placeOf(place, name), JSON.stringify(value))
  })
}

/** The JSON text of a model with its sealed options opened; a StoreFault where one cannot be. */
export function openOptions(
  { guarded }: ModelDefinition,
  text: string,
  { vault, place }: { vault: Vault; place: Place },
): string {
  if (guarded.length === 0 || !text.includes('"sealed:1:')) return text
  const model = readObject(text)
  if (!model) return text
  const opened = withOptions(guarded, model, () => (name, value) => {
    const isSealed = typeof value === 'string' && value.startsWith('sealed:1:')
    return isSealed ? JSON.parse(vault.open(placeOf(place, name), value)) : value
  })
  return JSON.stringify(opened)
}

/** So that no sealed option can be put in the place of another. */
function placeOf({ model, key }: Place, option: string): Place {
  return { model, key: `${key} (${option})` }
}

/** What is no object is told by whoever checks it. */
function readObject(text: string): object | undefined {
  try {
    const model: unknown = JSON.parse(text)
    return typeof model === 'object' && model !== null ? model : undefined
  } catch {
    return undefined
  }
}

function withOptions(
  guarded: readonly string[],
  model: object,
  changing: (options: Options) => (name: string, value: unknown) => unknown,
): object {
  const changed = guarded.flatMap((attribute) => {
    const options: unknown = Reflect.get(model, attribute)
    if (typeof options !== 'object' || options === null) return []
    const entries = Object.entries(options)
    const change = changing(Object.fromEntries(entries))
    return [[attribute, Object.fromEntries(entries.map(([name, value]) => [name, change(name, value)]))]]
  })
  return { ...model, ...Object.fromEntries(changed) }
}
