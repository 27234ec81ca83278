/** Page marks: the key after which a page begins, encoded, so that clients do not come to depend on what it is. */
import { z } from 'zod'

const BEGIN = 'p1.'

/** The mark of a page in a query. */
export const PageMark = z.string().refine((mark) => decode(mark) !== undefined, {
  error: 'is no page mark; take it from the Link header of the previous page',
})

/** Returns the mark of the page after a key. */
export function markOf(key: string): string {
  return Buffer.from(`${BEGIN}${key}`).toString('base64url')
}

/** Returns the key of a valid mark. */
export function keyOfMark(mark: string): string {
  return decode(mark) ?? ''
}

function decode(mark: string): string | undefined {
  const text = Buffer.from(mark, 'base64url').toString('utf8')
  const isMark = text.startsWith(BEGIN) && markOf(text.slice(BEGIN.length)) === mark
  return isMark ? text.slice(BEGIN.length) : undefined
}
