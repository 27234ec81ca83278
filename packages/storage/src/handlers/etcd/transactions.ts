/**
 * Saves and deletes as etcd transactions: pure functions that create requests and read responses.
 *
 * Every transaction of a store also writes the key `writtenKey`. A watcher sees both changes under one revision and so
 * knows that a store made the change and announces it itself; see `foreign.ts`.
 */
import type { ICompare, IKeyValue, IRequestOp, ITxnRequest, ITxnResponse } from 'etcd3'
import type { Deletion, Place, Stored, Write, Written } from '../../handler.ts'
import { pathOf, root } from '../../keys.ts'

/** Touched by whatever a store writes. */
export const writtenKey = `${root}.storage/written`

/** The transaction that keeps all of the values, when what is expected is there, and else says what is there. */
export function saveRequest(writes: readonly Write[]): ITxnRequest {
  // etcd refuses a transaction that writes a key twice; of two values for one place the last is meant.
  const values = new Map(writes.map((write) => [pathOf(write), write.value]))
  return {
    compare: writes.flatMap(({ expected, ...place }) =>
      expected === undefined ? [] : [hasRevision(pathOf(place), expected)],
    ),
    success: [touch(), ...[...values].map(([path, value]) => put(path, value))],
    failure: [...values.keys()].map(read),
  }
}

/** What became of each write. */
export function readSaved(writes: readonly Write[], { header, responses }: ITxnResponse): Written[] {
  const paths = [...new Set(writes.map(pathOf))]
  const created = new Set(paths.filter((_, index) => !responses[index + 1]?.response_put.prev_kv))
  return writes.map((write) => ({ revision: header.revision, created: created.delete(pathOf(write)) }))
}

/** The first write whose expectation was not met, with what is there. */
export function readConflict(
  writes: readonly Write[],
  response: ITxnResponse,
): { write: Write; found: string | undefined } {
  const revisions = new Map(
    readFound(response).map(({ key, mod_revision }) => [key.toString(), mod_revision]),
  )
  for (const write of writes) {
    const found = revisions.get(pathOf(write))
    if (write.expected !== undefined && write.expected !== (found ?? null)) return { write, found }
  }
  throw new TypeError('etcd refused a transaction of which every expectation is met')
}

/** The transaction that deletes all of the values, when all are there as expected; either way it says what was there. */
export function deleteRequest(deletions: readonly Deletion[]): ITxnRequest {
  const paths = [...new Set(deletions.map(pathOf))]
  const expectations = deletions.flatMap(({ expected, ...place }) =>
    expected === undefined ? [] : [hasRevision(pathOf(place), expected)],
  )
  return {
    compare: [
      ...paths.map((path): ICompare => ({ ...comparing(path), result: 'Greater', mod_revision: '0' })),
      ...expectations,
    ],
    success: [
      touch(),
      ...paths.map((path) => ({ request_delete_range: { key: Buffer.from(path), prev_kv: true } })),
    ],
    failure: paths.map(read),
  }
}

/** The transaction that writes no model. */
export function probeRequest(): ITxnRequest {
  return { compare: [], success: [touch()], failure: [] }
}

/** What was found at each place. */
export function readDeleted(places: readonly Place[], response: ITxnResponse): (Stored | undefined)[] {
  const found = new Map(readFound(response).map((pair) => [pair.key.toString(), pair]))
  return places.map((place) => {
    const pair = found.get(pathOf(place))
    return pair && asStored(place, pair)
  })
}

/** A value as etcd has it. */
export function asStored({ model, key }: Place, { value, mod_revision }: IKeyValue): Stored {
  return { model, key, value: value.toString(), revision: mod_revision }
}

function readFound({ responses }: ITxnResponse): IKeyValue[] {
  return responses.flatMap(({ response_range: range, response_delete_range: deleted }) => [
    ...(range?.kvs ?? []),
    ...(deleted?.prev_kvs ?? []),
  ])
}

/** What is not there has revision 0; an expectation that is no revision at all is never met. */
function hasRevision(path: string, expected: string | null): ICompare {
  const mod_revision = expected === null ? '0' : /^[1-9]\d{0,17}$/.test(expected) ? expected : '-1'
  return { ...comparing(path), result: 'Equal', mod_revision }
}

function comparing(path: string): ICompare {
  return { key: Buffer.from(path), target: 'Mod' }
}

function read(path: string): IRequestOp {
  return { request_range: { key: Buffer.from(path) } }
}

function put(path: string, value: string): IRequestOp {
  return { request_put: { key: Buffer.from(path), value: Buffer.from(value), prev_kv: true } }
}

function touch(): IRequestOp {
  return { request_put: { key: Buffer.from(writtenKey) } }
}
