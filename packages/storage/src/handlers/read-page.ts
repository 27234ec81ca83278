/** Reads a page with a handler, whether or not the handler reads pages itself. */
import type { Stored, StoreHandler } from '../handler.ts'
import { meets, type PageQuery } from '../page.ts'

/** Reads named keys one by one, and everything else as the handler does it best. */
export async function readPage(handler: StoreHandler, model: string, query: PageQuery): Promise<Stored[]> {
  const { after, limit, keys } = query
  if (keys) return readKeys(handler, model, { ...query, keys })
  if (handler.page) return handler.page(model, query)
  const all = (await handler.list(model)).filter(({ key, value }) => key > after && meets(value, query))
  return all.slice(0, limit)
}

async function readKeys(
  handler: StoreHandler,
  model: string,
  { keys, after, limit, ...conditions }: PageQuery & { keys: readonly string[] },
): Promise<Stored[]> {
  const found: Stored[] = []
  for (const key of keys.filter((each) => each > after).toSorted(byCode)) {
    const stored = await handler.get({ model, key })
    if (stored && meets(stored.value, conditions)) found.push(stored)
    if (found.length === limit) break
  }
  return found
}

/** The order of keys in every store. */
function byCode(one: string, other: string): number {
  return one < other ? -1 : 1
}
