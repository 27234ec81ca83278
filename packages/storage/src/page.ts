/** A page of a list: which models, from which key on, and how many. */
import { z } from 'zod'

/** The largest page. */
export const largestPage = 1000

/** What a page is to contain. All conditions must hold. */
export const PageQuery = z.strictObject({
  limit: z.int().min(1).max(largestPage),
  /** The page begins after this key. */
  after: z.string().default(''),
  /** The values of attributes, by path: `status`, `reboot.needed`. */
  equal: z.record(z.string().regex(/^[a-z_]+(\.[a-z_]+)*$/), z.string()).default({}),
  /** A text that one of the attributes contains, in any case of letters. */
  search: z.object({ paths: z.array(z.string().regex(/^[a-z_]+$/)).min(1), text: z.string() }).optional(),
  /** Only these keys. */
  keys: z.array(z.string()).optional(),
})

/** A query, with its defaults. */
export type PageQuery = z.output<typeof PageQuery>

/** A page of models, by key. */
export interface Page<T> {
  readonly models: readonly T[]
  /** The key after which the next page begins; null on the last page. */
  readonly next: string | null
}

/** Returns whether a stored value meets the conditions of a query; keys are not compared. */
export function meets(value: string, { equal, search }: Pick<PageQuery, 'equal' | 'search'>): boolean {
  if (Object.keys(equal).length === 0 && !search) return true
  const model: unknown = JSON.parse(value)
  return (
    Object.entries(equal).every(([path, wanted]) => at(model, path) === wanted) &&
    (!search || search.paths.some((path) => contains(at(model, path), search.text)))
  )
}

function at(model: unknown, path: string): unknown {
  return path.split('.').reduce((value: unknown, name) => memberOf(value, name), model) ?? ''
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}

function contains(value: unknown, text: string): boolean {
  return typeof value === 'string' && value.toLowerCase().includes(text.toLowerCase())
}
