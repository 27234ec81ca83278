/** Redis, on the wire of kombu. */
import type { Transport, TransportOptions } from '../transport.ts'

/** Connects to Redis. */
export async function open(_url: URL, _options: TransportOptions): Promise<Transport> {
  throw new Error('not yet')
}
