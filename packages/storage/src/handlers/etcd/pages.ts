/**
 * Reads everything under a path in pages, so that no answer is too long, and all at one revision, so that the pages are
 * consistent.
 */
import type { IKeyValue } from 'etcd3'
import type { EtcdConnection } from './connection.ts'

const pageLength = 100

/** Everything whose path begins so, in the order of paths. */
export async function readPages(connection: EtcdConnection, start: string): Promise<IKeyValue[]> {
  for (let turn = 1; ; turn++) {
    try {
      return await readOnce(connection, start)
    } catch (error) {
      // Somebody compacted the revision away while we were reading it.
      if (turn === 3 || !(error instanceof Error) || !error.message.includes('has been compacted'))
        throw error
    }
  }
}

async function readOnce(connection: EtcdConnection, start: string): Promise<IKeyValue[]> {
  const pairs: IKeyValue[] = []
  const range_end = pathAfter(start)
  let key = Buffer.from(start)
  let revision = '0'
  for (;;) {
    const page = await connection.range({ key, range_end, limit: pageLength, revision })
    pairs.push(...page.kvs)
    const last = page.kvs.at(-1)
    if (!page.more || !last) return pairs
    // Later pages are answered as of this revision, but their headers tell the newest.
    if (revision === '0') revision = page.header.revision
    key = Buffer.concat([last.key, Buffer.of(0)])
  }
}

/** Everything in a folder from a path on, in the order of paths. Pages are read as they are needed, each at its own revision. */
export async function* pairsFrom(
  connection: EtcdConnection,
  { folder, start }: { folder: string; start: string },
): AsyncGenerator<IKeyValue> {
  const range_end = pathAfter(folder)
  for (let key = Buffer.from(start); ;) {
    const page = await connection.range({ key, range_end, limit: pageLength })
    yield* page.kvs
    const last = page.kvs.at(-1)
    if (!page.more || !last) return
    key = Buffer.concat([last.key, Buffer.of(0)])
  }
}

/** The first path that does not begin so. */
export function pathAfter(start: string): Buffer {
  const end = Buffer.from(start)
  end[end.length - 1] = (end.at(-1) ?? 0) + 1
  return end
}
