/**
 * Parses the parameters of a method from its source text, because JavaScript has no other reflection for them.
 *
 * The result is good enough for counts and for names in messages. A service declares exact names in `static methods`.
 */

/** The parameters of a method without its first one, the message. */
export interface Signature {
  readonly names: readonly string[]
  /** The number of parameters before the first one with a default. */
  readonly required: number
  /** The maximum number of arguments; undefined for a rest parameter and when the source is not readable. */
  readonly most: number | undefined
}

type AnyFunction = (...args: never[]) => unknown

/** Parses the signature of an `on_` method. */
export function signatureOf(method: AnyFunction): Signature {
  const required = Math.max(0, method.length - 1)
  const list = parameterList(Function.prototype.toString.call(method))
  if (list === undefined) return { names: placeholders(required), required, most: undefined }
  const [first, ...rest] = split(list)
  const takesRest = [first, ...rest].some((parameter) => parameter?.startsWith('...'))
  return { names: rest.map(nameOf), required, most: takesRest ? undefined : rest.length }
}

const placeholders = (count: number) => Array.from({ length: count }, (_, index) => `argument${index + 1}`)

function nameOf(parameter: string, index: number): string {
  return (
    /^(?:\.\.\.)?\s*([\p{ID_Start}$_][\p{ID_Continue}$]*)/u.exec(parameter)?.[1] ?? `argument${index + 1}`
  )
}

/** The text between the first parentheses without comments; undefined for native code and arrow functions without any. */
function parameterList(source: string): string | undefined {
  if (source.endsWith('{ [native code] }')) return undefined
  const text = source.replaceAll(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, ' ')
  const open = text.indexOf('(')
  if (open === -1) return undefined
  const close = scan(text, open + 1, (character, depth) => character === ')' && depth === -1)
  return close === undefined ? undefined : text.slice(open + 1, close)
}

function split(list: string): string[] {
  const parts: string[] = []
  let start = 0
  while (start < list.length) {
    const end = scan(list, start, (character, depth) => character === ',' && depth === 0) ?? list.length
    parts.push(list.slice(start, end).trim())
    start = end + 1
  }
  return parts.filter((part) => part !== '')
}

/** The first position outside of quotes for which `found` returns true. `found` receives the depth of brackets. */
function scan(
  text: string,
  from: number,
  found: (character: string, depth: number) => boolean,
): number | undefined {
  let depth = 0
  let quote: string | undefined
  for (let index = from; index < text.length; index++) {
    const character = text.charAt(index)
    if (character === '\\') index++
    else if (quote !== undefined) quote = character === quote ? undefined : quote
    else if (`'"\``.includes(character)) quote = character
    else {
      if ('([{'.includes(character)) depth++
      if (')]}'.includes(character)) depth--
      if (found(character, depth)) return index
    }
  }
  return undefined
}
