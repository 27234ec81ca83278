/**
 * The definition of a model: its name, its schema with defaults, its key attribute, and its hidden attributes.
 *
 * Storage, server, services and documentation use this one definition.
 */
import type { z } from 'zod'
import { blankSecrets } from '../secrets/blank.ts'

/** The schema of an object whose attributes can be looked at one by one. */
export type ModelSchema<T extends object = object> = z.ZodType<T> & {
  readonly shape: Readonly<Record<string, z.ZodType>>
}

/** Who is told of the changes of a model. */
export type Announced = 'all' | 'internal' | 'never'

/** A model's definition; `T` is what a parsed one looks like. */
export interface ModelDefinition<T extends object = object, Name extends string = string> {
  readonly name: Name
  /** The attribute it is stored under; undefined for what is computed and never stored. */
  readonly key: string | undefined
  /** Fills in defaults, drops what it does not know, and refuses wrong types. */
  readonly schema: ModelSchema<T>
  /** Attributes that neither a reply to a person nor an announcement shows. */
  readonly hidden: readonly string[]
  /** Sealed at rest; never in a log or an announcement. */
  readonly secret: boolean
  /** Who is told of changes: `all` listeners, `internal` ones only, or nobody (`never`), as of secret models. */
  readonly announced: Announced
  /**
   * Attributes that older peers do not know: a save that does not mention them leaves them as they are,
   * so that a peer which only knows the original attributes does not wipe, say, a pinned host key.
   * All that are neither original nor reset, so that a new attribute is kept; it needs a default, since leaving it out
   * does not remove it.
   */
  readonly kept: readonly string[]
  /** Attributes that hold options with secrets among them: those are shown as `***`, and a save of that leaves them. */
  readonly guarded: readonly string[]
}

/** A list of models: what can be listed as a whole. */
export interface ListDefinition<T extends object = object, Name extends string = string> {
  readonly name: Name
  readonly of: ModelDefinition<T>
}

/** What a parsed model of this definition looks like. */
export type ModelOf<Definition extends ModelDefinition> = z.output<Definition['schema']>

type AttributeNames<T extends object> = readonly NoInfer<Extract<keyof T, string>>[]

interface Description<T extends object, Name extends string> {
  name: Name
  schema: ModelSchema<T>
  hidden?: readonly string[]
  secret?: boolean
  guarded?: readonly string[]
  announced?: 'internal' | 'never'
}

/** What is stored says which attributes its first version had; what is computed has no older writers. */
type Storing<T extends object> =
  | {
      key: NoInfer<Extract<keyof T, string>>
      /** The attributes of the first version, which every peer knows. Nothing is ever added to them. */
      original: AttributeNames<T>
      /** Later attributes that a save without them sets to their defaults, as they belong to what such a save changes. */
      reset?: AttributeNames<T>
    }
  | { key?: never; original?: never; reset?: never }

/** Makes a definition; what is not said is false or empty. */
export function defineModel<T extends object, Name extends string>(
  description: Description<T, Name> & Storing<T>,
): ModelDefinition<T, Name> {
  const { name, key, schema, hidden = [], secret = false, guarded = [] } = description
  const announced: Announced = secret ? 'never' : (description.announced ?? 'all')
  const { original = Object.keys(schema.shape), reset = [] } = description
  const replaced = new Set<string>([...original, ...reset])
  const kept = Object.keys(schema.shape).filter((attribute) => !replaced.has(attribute))
  return Object.freeze({ name, key, schema, hidden, secret, announced, kept, guarded })
}

/** Makes the definition of a list. */
export function defineList<Name extends string, T extends object>(
  name: Name,
  of: ModelDefinition<T>,
): ListDefinition<T, Name> {
  return Object.freeze({ name, of })
}

/** The names of a model's attributes, in the order of its table. */
export function attributesOf(definition: ModelDefinition): string[] {
  return Object.keys(definition.schema.shape)
}

/** The value a model is found by. */
export function keyOf(definition: ModelDefinition, model: object): string {
  const { name, key } = definition
  if (key === undefined) throw new TypeError(`${name} is computed and has no key`)
  return String(Reflect.get(model, key))
}

/** The model as a person may see it: no hidden attributes, secrets blanked, members in the order of its table. */
export function safeModel<T extends object>(
  definition: ModelDefinition<T>,
  model: T,
): Record<string, unknown> {
  const shown = attributesOf(definition).filter((name) => !definition.hidden.includes(name) && name in model)
  return Object.fromEntries(
    shown.map((name) => [name, shownValue(definition, name, Reflect.get(model, name))]),
  )
}

function shownValue({ guarded }: ModelDefinition, name: string, value: unknown): unknown {
  return guarded.includes(name) ? blankSecrets({ [name]: value })[name] : value
}
