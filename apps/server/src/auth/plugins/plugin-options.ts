/**
 * Parses the options of a plugin by its schema, with an error that names each invalid option.
 */
import { parseAs, ValidationError } from '@commissaire/models'
import { ConfigError, didYouMean, type SettingFault } from '@commissaire/service'
import type { z } from 'zod'

/** Returns the options, or throws a ConfigError that lists all faults. Values are never quoted. */
export function readOptions<Schema extends z.ZodObject>(
  schema: Schema,
  options: unknown,
  { plugin }: { plugin: string },
): z.output<Schema> {
  const known = Object.keys(schema.shape)
  const normalized = withUnderscores(options)
  const unknown = Object.keys(normalized).filter((key) => !known.includes(key))
  if (unknown.length > 0) throw new ConfigError(unknown.map((key) => unknownOption(key, { plugin, known })))
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the schema has checked it
    return parseAs(schema, normalized, { name: plugin, secret: true }) as z.output<Schema>
  } catch (cause) {
    if (!(cause instanceof ValidationError)) throw cause
    throw new ConfigError(
      cause.faults.map(({ path, message }) => ({ setting: path, text: message })),
      { cause },
    )
  }
}

function unknownOption(
  key: string,
  { plugin, known }: { plugin: string; known: readonly string[] },
): SettingFault {
  const allowed = known.length > 0 ? `allowed: ${known.join(', ')}` : 'it has no options'
  return { setting: key, text: `is not an option of ${plugin}; ${allowed}${didYouMean(key, known)}` }
}

function withUnderscores(options: unknown): Record<string, unknown> {
  if (typeof options !== 'object' || options === null) return {}
  return Object.fromEntries(
    Object.entries(options).map(([key, value]) => [key.replaceAll('-', '_'), value] as const),
  )
}
