/** The order in which hosts have their turn. */
import type { RolloutPolicy } from '@commissaire/models'

/** One host of an operation. */
export interface Member {
  readonly address: string
  /** Its failure domain; '' where none is known. */
  readonly zone: string
  readonly isControlPlane: boolean
}

/** The members of the policy's zones in the order of their turns; control plane hosts last, unless that does not matter. */
export function inOrder(members: readonly Member[], policy: RolloutPolicy): Member[] {
  const chosen = policy.zones.length > 0 ? ofZones(members, policy.zones) : [...members]
  const ordered = orders[policy.order](chosen)
  if (policy.control_plane === 'any') return ordered
  return [
    ...ordered.filter(({ isControlPlane }) => !isControlPlane),
    ...ordered.filter(({ isControlPlane }) => isControlPlane),
  ]
}

const orders: Record<RolloutPolicy['order'], (members: readonly Member[]) => Member[]> = {
  given: (members) => [...members],
  zone_by_zone: (members) => [...byZone(members).values()].flat(),
  spread: (members) => interleave([...byZone(members).values()]),
}

function ofZones(members: readonly Member[], zones: readonly string[]): Member[] {
  return zones.flatMap((wanted) => members.filter(({ zone }) => zone === wanted))
}

function byZone(members: readonly Member[]): Map<string, Member[]> {
  return Map.groupBy(members, ({ zone }) => zone)
}

/** One of each zone, then the next of each, so that hosts that are away together seldom share a zone. */
function interleave(zones: readonly Member[][]): Member[] {
  const longest = Math.max(0, ...zones.map(({ length }) => length))
  return Array.from({ length: longest }, (_, turn) =>
    zones.flatMap((zone) => zone.slice(turn, turn + 1)),
  ).flat()
}
