/** Checks routing keys before they become subjects, keys or headers on a broker. */

import type { BusError } from '../errors.ts'
import { beyond, malformed } from './edge-fault.ts'
import { limits } from './limits.ts'

/** What is wrong with a routing key; undefined where it can be sent on every transport. */
export function checkRoutingKey(routingKey: string): BusError | undefined {
  if (!routingKey.isWellFormed()) return malformed('the routing key', 'must be valid Unicode')
  // A text of that length can have no more bytes than the bound.
  if (routingKey.length * 3 <= limits.routingKeyBytes.value) return undefined
  const bytes = Buffer.byteLength(routingKey)
  return bytes > limits.routingKeyBytes.value ? beyond('routingKeyBytes', bytes) : undefined
}
