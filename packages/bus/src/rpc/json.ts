/**
 * JSON as Python peers write it.
 *
 * Python writes the bare tokens `NaN`, `Infinity` and `-Infinity`, and kombu 5.3 and later writes other types as
 * `{"__type__": "datetime", "__value__": "2015-12-17T15:48:18"}`. This module reads both and writes neither: numbers
 * that JSON lacks become null, and an object with exactly those two members is refused.
 */

/** Reads JSON text. Throws a SyntaxError for text that Python cannot read either. */
export function parseJson(text: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    value = parseBareTokens(text, error)
  }
  return text.includes('"__type__"') ? convert(value) : value
}

/** Writes JSON text; undefined becomes null. Throws a TypeError for a value that cannot be written. */
export function stringifyJson(value: unknown): string {
  const text = JSON.stringify(value) ?? 'null'
  if (text.includes('"__type__"')) refuseTyped(JSON.parse(text))
  return text
}

const stringOrToken = /"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/g

const typedTokens: Record<string, string> = {
  NaN: '{"__type__":"float","__value__":"NaN"}',
  Infinity: '{"__type__":"float","__value__":"Infinity"}',
  '-Infinity': '{"__type__":"float","__value__":"-Infinity"}',
}

function parseBareTokens(text: string, cause: unknown): unknown {
  if (!/NaN|Infinity/.test(text)) throw cause
  return convert(JSON.parse(text.replace(stringOrToken, (part) => typedTokens[part] ?? part)))
}

interface Typed {
  readonly __type__: string
  readonly __value__: unknown
}

function isTyped(value: object): value is Typed {
  return '__type__' in value && '__value__' in value && Object.keys(value).length === 2
}

/** Replaces typed values, innermost first, by what kombu before 5.3 writes for them. */
function convert(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(convert)
  if (isTyped(value)) return untyped(value)
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, convert(member)]))
}

function untyped(typed: Typed): unknown {
  const value = typed.__value__
  switch (typed.__type__) {
    case 'float':
      return Number(value)
    case 'uuid':
      return uuidText(value)
    case 'datetime':
    case 'date':
    case 'time':
    case 'decimal':
    case 'bytes':
    case 'base64':
      return value
    default:
      return { ...typed, __value__: convert(value) }
  }
}

function uuidText(value: unknown): unknown {
  const hex = typeof value === 'object' && value !== null && 'hex' in value ? String(value.hex) : ''
  const parts = /^(.{8})(.{4})(.{4})(.{4})(.{12})$/.exec(hex)
  return parts ? parts.slice(1).join('-') : value
}

function refuseTyped(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  if (isTyped(value)) {
    throw new TypeError(
      'cannot write an object whose only members are __type__ and __value__: it means something else to peers',
    )
  }
  for (const member of Object.values(value)) refuseTyped(member)
}
