/**
 * Where a configuration comes from: files, the environment, flags. Each becomes an object with the schema's own keys,
 * so that the layers can be laid over each other, and each key remembers where it was said.
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
  /** How a person names a key of this source: `/etc/x.conf: "bus_uri"`, `COMMISSAIRE_BUS_URI`, `--bus-uri`. */
  readonly nameOf: (path: string) => string
  /** The file it came from, if it came from one. */
  readonly file: string | undefined
}

/** The layer of a file: keys with `-` or `_`, secrets by the path of a file. */
export function fileLayer(schema: Schema, file: string, values: Values): Layer {
  const nameOf = (path: string) => `${file}: "${path}"`
  return { values: adoptAll(values, schema, { path: '', nameOf, file }), nameOf, file }
}

/** The layer of the environment: `COMMISSAIRE_BUS_URI` for `bus_uri`; numbers, booleans and JSON by the schema. */
export function environmentLayer(schema: Schema, environment: NodeJS.ProcessEnv): Layer {
  const nameOf = (path: string) => variable(path.split(/[.[]/, 1)[0] ?? path)
  const values: Values = {}
  for (const [key, member] of membersOf(schema) ?? []) {
    const text = environment[variable(key)]
    const path = environment[variable(`${key}_file`)]
    if (text !== undefined) values[key] = fromText(text, member)
    else if (path !== undefined) values[`${key}_file`] = path
  }
  return {
    values: adoptAll(values, schema, { path: '', nameOf, file: undefined }),
    nameOf,
    file: undefined,
  }
}

/** The layer of the command line. Flags carry the schema's keys already, and texts become what the schema wants. */
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

const variable = (key: string) => `COMMISSAIRE_${key.replaceAll('-', '_').toUpperCase()}`

/** A text that does not become what is wanted stays a text: the schema then says what is wrong with it. */
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

interface Place {
  readonly path: string
  readonly nameOf: (path: string) => string
  readonly file: string | undefined
}

/** A whole layer with the schema's spelling of its keys. */
function adoptAll(values: Values, schema: Schema, place: Place): Values {
  const members = membersOf(schema)
  return members === undefined ? values : adoptObject(values, members, place)
}

/** The same value with the schema's spelling of its keys. What the schema does not know stays as it is. */
function adopt(value: unknown, schema: Schema, place: Place): unknown {
  const element = elementOf(schema)
  if (Array.isArray(value) && element !== undefined) {
    return value.map((each, index) => adopt(each, element, { ...place, path: `${place.path}[${index}]` }))
  }
  const members = membersOf(schema, value)
  if (members === undefined || typeof value !== 'object' || value === null || Array.isArray(value))
    return value
  return adoptObject(value, members, place)
}

function adoptObject(value: object, members: ReadonlyMap<string, Schema>, place: Place): Values {
  const found = new Map<string, unknown>()
  for (const [written, each] of Object.entries(value)) {
    const here = { ...place, path: place.path === '' ? written : `${place.path}.${written}` }
    const [key, adopted] = adoptMember(written, each, { members, place: here })
    if (found.has(key))
      throw new ConfigError([`${place.nameOf(here.path)} says again what another key said already`])
    found.set(key, adopted)
  }
  return Object.fromEntries(found)
}

function adoptMember(
  written: string,
  value: unknown,
  { members, place }: { members: ReadonlyMap<string, Schema>; place: Place },
): [string, unknown] {
  const key = spelledAs(written, members)
  const member = key === undefined ? undefined : members.get(key)
  if (key !== undefined && member !== undefined) return [key, adopt(value, member, place)]
  const secret = /^(.+)[-_]file$/.exec(written)?.[1]
  const target = secret === undefined ? undefined : spelledAs(secret, members)
  const schema = target === undefined ? undefined : members.get(target)
  if (target === undefined || schema === undefined || kindOf(schema) !== 'string') return [written, value]
  if (typeof value !== 'string')
    throw new ConfigError([`${place.nameOf(place.path)} must be the path of a file`])
  return [target, readSecretFile(value, { of: place.nameOf(place.path), configFile: place.file })]
}

/** The key of the schema that is meant: `bus-uri` and `bus_uri` are the same. */
function spelledAs(written: string, members: ReadonlyMap<string, Schema>): string | undefined {
  if (members.has(written)) return written
  const plain = written.replaceAll('-', '_')
  return [...members.keys()].find((key) => key.replaceAll('-', '_') === plain)
}
