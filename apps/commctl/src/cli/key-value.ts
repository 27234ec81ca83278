/** Options of networks and container managers: `KEY=VALUE`, as often as needed, or one JSON object. */
import { Failure } from './failure.ts'
import { isObject } from '../client/json-value.ts'

/** Reads them all into one object; later ones win. */
export function readKeyValues(words: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(words.flatMap((word) => Object.entries(readOne(word))))
}

function readOne(word: string): Readonly<Record<string, unknown>> {
  if (word.trimStart().startsWith('{')) return readJson(word)
  const at = word.indexOf('=')
  if (at > 0) return { [word.slice(0, at).trim()]: word.slice(at + 1) }
  throw new Failure(
    `-o "${word}" is neither KEY=VALUE, like server_url=https://192.0.2.1:6443, nor a JSON object.`,
  )
}

function readJson(word: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(word)
    return isObject(value) ? value : {}
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new Failure(`-o ${word} is not JSON: ${why}. Use double quotes inside, single quotes around it.`, {
      cause,
    })
  }
}
