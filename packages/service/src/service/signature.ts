/**
 * Reads a method's parameters from its own source, as JavaScript keeps no other record of them.
 *
 * Good enough to count and to name them for a person; what must be certain is declared in `static methods`.
 */

/** What can be known about a method's bus arguments without a declaration. The message is not among them. */
export interface Signature {
  readonly names: readonly string[]
  /** How many arguments stand before the first one with a default. */
  readonly required: number
  /** The most arguments it takes; undefined when it takes the rest, or when that cannot be told. */
  readonly most: number | undefined
}

type AnyFunction = (...args: never[]) => unknown

/** The signature of an `on_` method, without its first parameter, the message. */
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

/** The text between the first parentheses, comments left out; undefined for native code and bare arrows. */
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

/** The first place outside of quotes where the test holds, told the depth of brackets reached there. */
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
