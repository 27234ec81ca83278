/** Checks routing keys before they are sent to a broker. */

import type { BusError } from '../errors.ts'
import { beyond, malformed } from './edge-fault.ts'
import { limits } from './limits.ts'

/** Returns the error for a routing key that cannot be sent on every transport; undefined for a valid one. */
export function checkRoutingKey(routingKey: string): BusError | undefined {
  if (!routingKey.isWellFormed()) return malformed('the routing key', 'must be valid Unicode')
  // A string of that length cannot exceed the limit in bytes.
  if (routingKey.length * 3 <= limits.routingKeyBytes.value) return undefined
  const bytes = Buffer.byteLength(routingKey)
  return bytes > limits.routingKeyBytes.value ? beyond('routingKeyBytes', bytes) : undefined
}
