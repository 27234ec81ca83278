/**
 * The contract of transports, as data: named checks built on `node:assert` alone, for any test runner.
 *
 * Each check makes its own world. A world that cannot kill a process or stop its broker leaves those members out, and
 * `checksFor` leaves out the checks that need them.
 * @example for (const [name, check] of checksFor({ kills: false, restarts: false })) test(name, () => check(makeWorld))
 */

import { broadcasts } from './testing/broadcasts.ts'
import { calls } from './testing/calls.ts'
import type { Check } from './testing/check.ts'
import { closing } from './testing/closing.ts'
import { crashes } from './testing/crashes.ts'
import { delivery } from './testing/delivery.ts'
import { hostile, type HostileReport, type HostileRun, hostileRun } from './testing/hostile.ts'
import { reconnects } from './testing/reconnects.ts'

export type { Check, MakeWorld, World } from './testing/check.ts'
export type { HostileMessage } from './testing/hostile-messages.ts'
export { type HostileReport, type HostileRun, hostileRun }

/** All checks, by name. */
export const transportContract: Record<string, Check> = {
  ...calls,
  ...delivery,
  ...closing,
  ...broadcasts,
  ...crashes,
  ...reconnects,
  ...hostile,
}

/**
 * Returns the checks that a world can run: `kills` says that it can kill a process, `restarts` that it can stop its
 * broker, `injects` that it can put any message on a queue.
 */
export function checksFor(world: {
  kills: boolean
  restarts: boolean
  injects?: boolean
}): [string, Check][] {
  return Object.entries(transportContract).filter(
    ([name]) =>
      (world.kills || !(name in crashes)) &&
      (world.restarts || !(name in reconnects)) &&
      (world.injects || !(name in hostile)),
  )
}
