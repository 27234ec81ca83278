/**
 * Restores stored secrets where a saved model has the masks that are shown for them.
 */
import { blankSecrets, blankText } from './blank.ts'
import type { ModelDefinition } from '../model/model.ts'
import { ValidationError } from '../model/validation.ts'

/**
 * The model with its true secrets where it has the blanks that are shown for them. Somebody who reads a model, changes
 * it and saves it must not save the blanks. A blank that stands for nothing is a ValidationError.
 */
export function restoreSecrets<T extends object>(
  definition: ModelDefinition<T>,
  given: T,
  present: T | undefined,
): T {
  const restored = definition.guarded.map((name) => {
    const [before, now] = [recordOf(present, name), recordOf(given, name)]
    return [name, restore(definition.name, { now, before, path: name })] as const
  })
  return { ...given, ...Object.fromEntries(restored) }
}

/** Whether there are blanks in the place of secrets. */
export function holdsBlanks(definition: ModelDefinition, model: object): boolean {
  return definition.guarded.some((name) => isBlanked(Reflect.get(model, name)))
}

function restore(
  model: string,
  { now, before, path }: { now: Record<string, unknown>; before: Record<string, unknown>; path: string },
): Record<string, unknown> {
  const shown = blankSecrets(before)
  const restored = Object.entries(now).map(([name, value]) => {
    if (!isBlanked(value)) return [name, value] as const
    if (isSame(value, shown[name])) return [name, before[name]] as const
    const message = `is "${blankText}", which is shown in the place of a secret, and there is none to keep; give the secret`
    throw new ValidationError(model, [{ path: `${path}.${name}`, message }])
  })
  return Object.fromEntries(restored)
}

function isBlanked(value: unknown): boolean {
  return JSON.stringify(value)?.includes(blankText) ?? false
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

function recordOf(model: object | undefined, name: string): Record<string, unknown> {
  const value: unknown = model && Reflect.get(model, name)
  return isRecord(value) ? value : {}
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
