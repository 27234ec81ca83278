/** Validates a policy against the hosts, so that an impossible one is refused before anything is stored. */
import type { Amount, RolloutPolicy } from '@commissaire/models'

import { amountOf } from './amount.ts'
import type { Member } from './order.ts'
import { faultOf, nextOpening } from './windows.ts'

/** One thing that is wrong with a policy. */
export interface PolicyFault {
  /** The member, as one would write its path: `windows[1].start`. */
  readonly path: string
  /** What was found and what to do. */
  readonly message: string
}

/** Everything that makes a policy impossible for those hosts at that time (milliseconds since 1970); empty where all is well. */
export function faultsOf(
  policy: RolloutPolicy,
  { members, now }: { members: readonly Member[]; now: number },
): PolicyFault[] {
  const patterns = policy.windows.flatMap((window, index) => {
    const fault = faultOf(window)
    return fault
      ? [{ path: `windows[${index}]`, message: `"${window.start}" in ${window.timezone}: ${fault}` }]
      : []
  })
  const blackouts = policy.blackouts.flatMap((blackout, index) =>
    blackoutFaults(blackout, `blackouts[${index}]`),
  )
  const times = [...patterns, ...blackouts]
  return [
    ...amountFaults(policy, members.length),
    ...zoneFaults(policy, members),
    ...times,
    ...(times.length === 0 ? neverOpen(policy, now) : []),
  ]
}

function amountFaults({ max_unavailable, ramp }: RolloutPolicy, total: number): PolicyFault[] {
  const none = 'allows 0 hosts at a time, so nothing would ever begin; allow at least one'
  const isNone = (amount: Amount) => amountOf(amount, total) === 0
  return [
    ...(max_unavailable !== undefined && isNone(max_unavailable)
      ? [{ path: 'max_unavailable', message: none }]
      : []),
    ...ramp.flatMap((size, index) => (isNone(size) ? [{ path: `ramp[${index}]`, message: none }] : [])),
  ]
}

function zoneFaults({ zones }: RolloutPolicy, members: readonly Member[]): PolicyFault[] {
  const known = [...new Set(members.map(({ zone }) => zone))].sort()
  const listed = known.map((zone) => `"${zone}"`).join(', ')
  return zones.flatMap((zone, index) =>
    known.includes(zone)
      ? []
      : [
          {
            path: `zones[${index}]`,
            message: `no host is in zone "${zone}"; the zones are ${listed || 'none'}`,
          },
        ],
  )
}

function blackoutFaults(
  { from, until, timezone }: RolloutPolicy['blackouts'][number],
  path: string,
): PolicyFault[] {
  if (until < from) return [{ path, message: `ends on ${until}, before it begins on ${from}` }]
  if (isTimeZone(timezone)) return []
  return [{ path: `${path}.timezone`, message: `"${timezone}" is no time zone; write it as "Europe/Berlin"` }]
}

function isTimeZone(name: string): boolean {
  try {
    return Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

function neverOpen(policy: RolloutPolicy, now: number): PolicyFault[] {
  if (nextOpening(policy, now) !== undefined) return []
  return [
    {
      path: 'windows',
      message: 'no window opens within the next four years, or blackouts cover all that do',
    },
  ]
}
