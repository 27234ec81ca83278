/** Optional arguments of bus methods. Peers in Python send `null` for an argument that they leave out. */
import type { z } from 'zod'

/** The schema of an argument that may be left out or null, with its default. */
export function orDefault<Schema extends z.ZodType>(schema: Schema, value: z.output<Schema>) {
  return schema.nullish().transform((given) => given ?? value)
}
