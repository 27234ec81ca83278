/** Bodies that kombu has compressed. */

import { inflateSync } from 'node:zlib'

/** kombu's own limit is the memory of the process. */
const largest = 64 * 2 ** 20

/** Unpacks a body; undefined where the kind of compression is not known here, or the bytes are not of it. */
export function inflate(bytes: Buffer, compression: unknown): string | undefined {
  if (compression !== 'application/x-gzip') return undefined
  try {
    return inflateSync(bytes, { maxOutputLength: largest }).toString()
  } catch {
    return undefined
  }
}
