/**
 * Inspects a zod schema: the keys of its objects and the kinds of their values. Wrappers (optional, default, nullable, …)
 * are unwrapped.
 */
import { safeParse, type z } from 'zod'

type Schema = z.core.$ZodType

/** The kind of value that a string of the environment or of a flag is parsed to. */
export type Kind = 'string' | 'number' | 'boolean' | 'json'

/** Returns the kind of value that a schema accepts. */
export function kindOf(schema: Schema): Kind {
  const { type } = unwrap(schema)._zod.def
  if (type === 'string' || type === 'number' || type === 'boolean') return type
  return type === 'enum' || type === 'literal' || type === 'template_literal' ? 'string' : 'json'
}

/**
 * Returns the members of an object schema; for a union, those of the options that match the value. Undefined for other
 * schemas.
 */
export function membersOf(schema: Schema, value?: unknown): ReadonlyMap<string, Schema> | undefined {
  const { def } = unwrap(schema)._zod
  if (isObject(def)) return new Map(Object.entries(def.shape))
  if (!isUnion(def)) return undefined
  const members = matchingOptions(def, value).flatMap((option) => Array.from(membersOf(option, value) ?? []))
  return members.length === 0 ? undefined : new Map(members)
}

/** The options of a union whose discriminator matches the value; all options when none matches. */
function matchingOptions(
  def: z.core.$ZodUnionDef & { discriminator?: string },
  value: unknown,
): readonly Schema[] {
  const { options, discriminator } = def
  if (discriminator === undefined || typeof value !== 'object' || value === null) return options
  const word: unknown = Reflect.get(value, discriminator)
  const fitting = options.filter((option) => {
    const member = membersOf(option)?.get(discriminator)
    return member !== undefined && safeParse(member, word).success
  })
  return fitting.length === 0 ? options : fitting
}

/** Returns the schema of the elements of an array; undefined for other schemas. */
export function elementOf(schema: Schema): Schema | undefined {
  const { def } = unwrap(schema)._zod
  return isArray(def) ? def.element : undefined
}

/** Returns the keys that are allowed in the object at a path within a value. */
export function keysAt(schema: Schema, value: unknown, path: readonly PropertyKey[]): string[] {
  const [key, ...rest] = path
  if (key === undefined) return [...(membersOf(schema, value)?.keys() ?? [])]
  const inner = typeof key === 'number' ? elementOf(schema) : membersOf(schema, value)?.get(String(key))
  if (inner === undefined || typeof value !== 'object' || value === null) return []
  return keysAt(inner, Reflect.get(value, key), rest)
}

function unwrap(schema: Schema): Schema {
  let here = schema
  for (;;) {
    const { def } = here._zod
    if (isPipe(def)) here = def.in._zod.def.type === 'transform' ? def.out : def.in
    else if (isWrapper(def)) here = def.innerType
    else return here
  }
}

type Def = z.core.$ZodTypeDef
const isObject = (def: Def): def is z.core.$ZodObjectDef => def.type === 'object'
const isUnion = (def: Def): def is z.core.$ZodUnionDef => def.type === 'union'
const isArray = (def: Def): def is z.core.$ZodArrayDef => def.type === 'array'
const isPipe = (def: Def): def is z.core.$ZodPipeDef => def.type === 'pipe'
const isWrapper = (def: Def): def is Def & { innerType: Schema } => 'innerType' in def
