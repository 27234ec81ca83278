/** Names only, one per line, for shell loops. */
import { member, textOf } from '../client/json-value.ts'
import type { WriteOptions } from './view.ts'
import { printable } from './printable.ts'

/** Writes the name of each thing. */
export function writeNames(value: unknown, { view }: Pick<WriteOptions, 'view'>): string {
  return [value]
    .flat()
    .map((thing) => nameOf(thing, view?.key ?? 'name'))
    .filter((name) => name !== undefined)
    .map(printable)
    .join('\n')
}

function nameOf(thing: unknown, key: string): string | undefined {
  return textOf(typeof thing === 'string' ? thing : member(thing, key))
}
