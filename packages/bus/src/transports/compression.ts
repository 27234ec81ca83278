/** Decompresses bodies that kombu has compressed. */

import { inflateSync } from 'node:zlib'

/** The largest decompressed body, in bytes. kombu itself has no limit. */
const maxBytes = 64 * 2 ** 20

/** Decompresses a body; returns undefined for an unknown compression or invalid bytes. */
export function inflate(bytes: Buffer, compression: unknown): string | undefined {
  if (compression !== 'application/x-gzip') return undefined
  try {
    return inflateSync(bytes, { maxOutputLength: maxBytes }).toString()
  } catch {
    return undefined
  }
}
