/**
 * Generators of values for a JSON schema: valid ones, nearly valid ones, and wild ones.
 *
 * An address is always one of the loopback network and a URL one of a closed port there, so that no generated host or
 * container manager is looked for anywhere else.
 */
import * as fc from 'fast-check'
import type { Arbitrary } from 'fast-check'
import type { Schema } from './document.ts'

/** Few names, so that requests meet what earlier ones have left. */
export const names = fc.constantFrom('a', 'b', 'c-1', 'd_2', 'default')
/** Few addresses of the loopback network. */
export const addresses = fc.constantFrom('127.77.0.1', '127.77.0.2', '127.77.0.3', '127.77.0.4')

/** Names that no thing may have: of all scripts, empty, with separators, too long. */
export const wildNames = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }).map((text) => `${text}!`),
  fc.constantFrom(
    '',
    '.',
    '..',
    '../..',
    'a/b',
    '\u0000',
    'ü',
    '名前',
    'a b',
    '%',
    '%2e',
    "'",
    '"',
    '<b>',
    'x'.repeat(300),
  ),
)

const wildTexts = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '',
    'null',
    '1e999',
    '__proto__',
    '\u0000',
    '\ud800',
    '☃',
    'x'.repeat(5000),
    '${a}',
    '$(id)',
    '-rf',
  ),
)

/** Any JSON, also deep, wide, and with names that objects have of their own. */
export const wild: Arbitrary<unknown> = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  wildTexts,
  fc.constantFrom<unknown>(null, true, -1, 0, 1.5, 1e308, 2 ** 53, [], {}, [[]], { __proto__: null }, [null]),
  fc.dictionary(fc.constantFrom('constructor', 'prototype', 'toString', 'a'), fc.jsonValue({ maxDepth: 1 })),
  fc.nat({ max: 400 }).map((depth) => nested(depth)),
)

function nested(depth: number): unknown {
  let value: unknown = 1
  for (let level = 0; level < depth; level++) value = level % 2 ? { a: value } : [value]
  return value
}

/** Values that fit the schema. */
export function valid(schema: Schema, name = ''): Arbitrary<unknown> {
  const { enum: choices, const: only, anyOf, oneOf, type } = schema
  if (Array.isArray(choices)) return fc.constantFrom<unknown>(...choices)
  if (only !== undefined) return fc.constant(only)
  const parts = [anyOf, oneOf].find((each) => Array.isArray(each))
  if (Array.isArray(parts)) return fc.oneof(...parts.map((part: Schema) => valid(part, name)))
  return byType(String(type), schema, name)
}

function byType(type: string, schema: Schema, name: string): Arbitrary<unknown> {
  if (type === 'string') return texts(name)
  if (type === 'integer') return fc.integer(bounds(schema, 2 ** 53 - 1))
  if (type === 'number') return fc.integer(bounds(schema, 1000)).map((value) => value / 1)
  if (type === 'boolean') return fc.boolean()
  if (type === 'null') return fc.constant(null)
  if (type === 'array') return fc.array(valid(asSchema(schema['items']), name), { maxLength: 4 })
  if (type === 'object') return objects(schema)
  return fc.jsonValue({ maxDepth: 2 })
}

function texts(name: string): Arbitrary<string> {
  if (/address|host/.test(name)) return addresses
  if (/url/.test(name)) return fc.constant('http://127.0.0.1:9')
  if (/key/.test(name)) return fc.constantFrom('aHVudGVyMg==', 'aHVudGVyMw==')
  return fc.oneof(names, fc.constantFrom('1.0', '2026-11-01T00:00:00Z', '* * * * *', 'Europe/Berlin', '10m'))
}

function bounds({ minimum, maximum }: Schema, limit: number): { min: number; max: number } {
  const min = typeof minimum === 'number' ? Math.max(minimum, -limit) : 0
  const max = typeof maximum === 'number' ? Math.min(maximum, limit) : Math.min(min + 100, limit)
  return { min: Math.ceil(min), max: Math.floor(Math.max(min, max)) }
}

function objects({ properties, required = [] }: Schema): Arbitrary<unknown> {
  const members = Object.entries(asSchema(properties)).map(([name, schema]): [string, Arbitrary<unknown>] => {
    const member = valid(asSchema(schema), name)
    const isRequired = Array.isArray(required) && required.includes(name)
    return [name, isRequired ? member : fc.option(member, { nil: undefined })]
  })
  return fc.record(Object.fromEntries(members)).map((value) => JSON.parse(JSON.stringify(value)) as unknown)
}

function asSchema(value: unknown): Schema {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {}
}

/** Values that fit the schema but for one member, which is missing, superfluous, or wild. */
export function nearlyValid(schema: Schema): Arbitrary<unknown> {
  return fc
    .tuple(valid(schema), fc.nat(), wild, fc.constantFrom('drop', 'add', 'replace'))
    .map(([value, at, other, how]) => {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return other
      const members = Object.entries(value)
      const index = members.length === 0 ? 0 : at % members.length
      if (how === 'drop') members.splice(index, 1)
      else if (how === 'add') members.push(['unknown', other])
      else members.splice(index, 1, [members[index]?.[0] ?? 'a', withoutAddresses(other)])
      return Object.fromEntries(members)
    })
}

/** A wild text may be the name of a host, and hosts are only looked for on this machine. */
function withoutAddresses(value: unknown): unknown {
  return typeof value === 'string' ? `${value}!` : value
}
