/**
 * The layers of a configuration: file, environment, flags. Each becomes an object with the keys of the schema, so that
 * layers can be merged, and each can name the source of a key in messages.
 */
import { ConfigError } from './config-error.ts'
import { readSecretFile } from './config-file.ts'
import { elementOf, kindOf, membersOf } from './config-shape.ts'
import type { z } from 'zod'

type Schema = z.core.$ZodType
type Values = Record<string, unknown>

/** One source of settings. */
export interface Layer {
  readonly values: Values
  /** The name of a key in messages: `/etc/x.conf: "bus_uri"`, `COMMISSAIRE_BUS_URI`, `--bus-uri`. */
  readonly nameOf: (path: string) => string
  /** The path of the file; undefined for other sources. */
  readonly file: string | undefined
}

/** The layer of a file. Keys may contain `-` or `_`; secrets may be in files of their own. */
export function fileLayer(schema: Schema, file: string, values: Values): Layer {
  const nameOf = (path: string) => `${file}: "${path}"`
  return { values: normalizeLayer(values, schema, { path: '', nameOf, file }), nameOf, file }
}

/** The layer of the environment: `COMMISSAIRE_BUS_URI` for `bus_uri`. Numbers, booleans and JSON are parsed. */
export function environmentLayer(schema: Schema, environment: NodeJS.ProcessEnv): Layer {
  const nameOf = (path: string) => variableName(path.split(/[.[]/, 1)[0] ?? path)
  const values: Values = {}
  for (const [key, member] of membersOf(schema) ?? []) {
    const text = environment[variableName(key)]
    const path = environment[variableName(`${key}_file`)]
    if (text !== undefined) values[key] = fromText(text, member)
    else if (path !== undefined) values[`${key}_file`] = path
  }
  return {
    values: normalizeLayer(values, schema, { path: '', nameOf, file: undefined }),
    nameOf,
    file: undefined,
  }
}

/** The layer of the command line, by the keys of the schema. Strings are parsed as the schema requires. */
export function flagLayer(
  schema: Schema,
  flags: Values,
  { flagNames = {} }: { flagNames?: Readonly<Record<string, string>> | undefined } = {},
): Layer {
  const nameOf = (path: string) => {
    const [first = path] = path.split(/[.[]/, 1)
    return `${flagNames[first] ?? `--${first.replaceAll('_', '-')}`}${path.slice(first.length)}`
  }
  const members = membersOf(schema)
  const values = Object.entries(flags).map(([key, value]) => {
    const member = members?.get(key)
    return [key, typeof value === 'string' && member !== undefined ? fromText(value, member) : value] as const
  })
  return { values: Object.fromEntries(values), nameOf, file: undefined }
}

const variableName = (key: string) => `COMMISSAIRE_${key.replaceAll('-', '_').toUpperCase()}`

/** Parses a string as the schema requires. A string that cannot be parsed is kept, and the schema rejects it later. */
function fromText(text: string, schema: Schema): unknown {
  const kind = kindOf(schema)
  if (kind === 'number') return text.trim() === '' || Number.isNaN(Number(text)) ? text : Number(text)
  if (kind === 'boolean') return booleans.get(text.toLowerCase()) ?? text
  if (kind === 'string') return text
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

const booleans = new Map([
  ...['true', 'yes', 'on', '1'].map((word) => [word, true] as const),
  ...['false', 'no', 'off', '0', ''].map((word) => [word, false] as const),
])

interface Location {
  readonly path: string
  readonly nameOf: (path: string) => string
  readonly file: string | undefined
}

/** A layer with the keys spelled as in the schema. */
function normalizeLayer(values: Values, schema: Schema, location: Location): Values {
  const members = membersOf(schema)
  return members === undefined ? values : normalizeObject(values, members, location)
}

/** The value with the keys spelled as in the schema. Unknown keys are kept. */
function normalize(value: unknown, schema: Schema, location: Location): unknown {
  const element = elementOf(schema)
  if (Array.isArray(value) && element !== undefined) {
    return value.map((each, index) =>
      normalize(each, element, { ...location, path: `${location.path}[${index}]` }),
    )
  }
  const members = membersOf(schema, value)
  if (members === undefined || typeof value !== 'object' || value === null || Array.isArray(value))
    return value
  return normalizeObject(value, members, location)
}

function normalizeObject(value: object, members: ReadonlyMap<string, Schema>, location: Location): Values {
  const found = new Map<string, unknown>()
  for (const [written, each] of Object.entries(value)) {
    const here = { ...location, path: location.path === '' ? written : `${location.path}.${written}` }
    const [key, normalized] = normalizeMember(written, each, { members, location: here })
    if (found.has(key))
      throw new ConfigError([`${location.nameOf(here.path)} is the same setting as another key`])
    found.set(key, normalized)
  }
  return Object.fromEntries(found)
}

function normalizeMember(
  written: string,
  value: unknown,
  { members, location }: { members: ReadonlyMap<string, Schema>; location: Location },
): [string, unknown] {
  const key = schemaKey(written, members)
  const member = key === undefined ? undefined : members.get(key)
  if (key !== undefined && member !== undefined) return [key, normalize(value, member, location)]
  const secret = /^(.+)[-_]file$/.exec(written)?.[1]
  const target = secret === undefined ? undefined : schemaKey(secret, members)
  const schema = target === undefined ? undefined : members.get(target)
  if (target === undefined || schema === undefined || kindOf(schema) !== 'string') return [written, value]
  if (typeof value !== 'string')
    throw new ConfigError([`${location.nameOf(location.path)} must be the path of a file`])
  return [target, readSecretFile(value, { of: location.nameOf(location.path), configFile: location.file })]
}

/** The key of the schema for a written key: `bus-uri` and `bus_uri` are the same. */
function schemaKey(written: string, members: ReadonlyMap<string, Schema>): string | undefined {
  if (members.has(written)) return written
  const plain = written.replaceAll('-', '_')
  return [...members.keys()].find((key) => key.replaceAll('-', '_') === plain)
}
