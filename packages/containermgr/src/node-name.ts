/** The node name of a host: its address, as far as the name of a node (an RFC 1123 subdomain) can contain it. */
import { isIPv6 } from 'node:net'

const IPV6_GROUPS = 8

/**
 * The name of the node that stands for the host at this address.
 * Names lose their capitals; an IPv6 address is written out in full with dashes, since a node's name has no colon.
 */
export function nodeName(address: string): string {
  return isIPv6(address) ? groupsOf(address).join('-') : address.toLowerCase()
}

/** The eight groups of an IPv6 address, each without leading zeros. */
function groupsOf(address: string): string[] {
  const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1)
  const [left = '', right] = canonical.split('::')
  const before = left.split(':').filter(Boolean)
  if (right === undefined) return before
  const after = right.split(':').filter(Boolean)
  const zeros = Array.from({ length: IPV6_GROUPS - before.length - after.length }, () => '0')
  return [...before, ...zeros, ...after]
}
