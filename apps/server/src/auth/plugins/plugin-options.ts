/**
 * Reads the options of a plugin: by its schema, with an error that names each option that is wrong.
 */
import { parseAs, ValidationError } from '@commissaire/models'
import { ConfigError, didYouMean, type SettingFault } from '@commissaire/service'
import type { z } from 'zod'

/** The options, or a ConfigError with everything that is wrong with them. Their values are never quoted. */
export function readOptions<Schema extends z.ZodObject>(
  schema: Schema,
  options: unknown,
  { plugin }: { plugin: string },
): z.output<Schema> {
  const known = Object.keys(schema.shape)
  const given = withUnderscores(options)
  const strangers = Object.keys(given).filter((key) => !known.includes(key))
  if (strangers.length > 0) throw new ConfigError(strangers.map((key) => unknown(key, { plugin, known })))
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the schema says so
    return parseAs(schema, given, { name: plugin, secret: true }) as z.output<Schema>
  } catch (cause) {
    if (!(cause instanceof ValidationError)) throw cause
    throw new ConfigError(
      cause.faults.map(({ path, message }) => ({ setting: path, text: message })),
      { cause },
    )
  }
}

function unknown(key: string, { plugin, known }: { plugin: string; known: readonly string[] }): SettingFault {
  const allowed = known.length > 0 ? `allowed: ${known.join(', ')}` : 'it has none'
  return { setting: key, text: `is no option of ${plugin}; ${allowed}${didYouMean(key, known)}` }
}

function withUnderscores(options: unknown): Record<string, unknown> {
  if (typeof options !== 'object' || options === null) return {}
  return Object.fromEntries(
    Object.entries(options).map(([key, value]) => [key.replaceAll('-', '_'), value] as const),
  )
}
