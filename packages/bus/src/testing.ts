/**
 * What every transport must do, as data: named checks on `node:assert` alone, for any test runner.
 *
 * Each check gets a fresh world. A world that cannot do something (kill a process, stop the broker) leaves that member
 * out, and the checks that need it are not in its suite: see `checksFor`.
 * @example for (const [name, check] of checksFor(world)) test(name, () => check(makeWorld))
 */

import type { Bus } from './bus.ts'
import type { ConnectOptions } from './connect.ts'
import { broker } from './testing/broker.ts'
import { calls } from './testing/calls.ts'
import { deaths } from './testing/deaths.ts'
import { delivery } from './testing/delivery.ts'
import { ends } from './testing/ends.ts'
import { notices } from './testing/notices.ts'
import type { Transport } from './transport.ts'

/** One broker with nothing on it, and ways to it. */
export interface World extends AsyncDisposable {
  connect(options?: ConnectOptions): Promise<Bus>
  /** A bare connection, for what no bus would send. */
  open(onReply?: (body: string) => void): Promise<Transport>
  /** Lets a process take one message from the queue, and ends that process. Resolves when it is dead. */
  takeAndDie?(queue: string): Promise<void>
  stopBroker?(): Promise<void>
  startBroker?(): Promise<void>
  /** Names of what is on the broker, for finding what was left behind. */
  inventory?(): Promise<string[]>
}

/** Makes a world for one check. */
export type MakeWorld = () => Promise<World>

/** Rejects when the transport does not do what it must. */
export type Check = (make: MakeWorld) => Promise<void>

/** All checks. */
export const transportContract: Record<string, Check> = {
  ...calls,
  ...delivery,
  ...ends,
  ...notices,
  ...deaths,
  ...broker,
}

/** The checks that a world of that kind can run. */
export function checksFor(world: { kills: boolean; restarts: boolean }): [string, Check][] {
  return Object.entries(transportContract).filter(
    ([name]) => (world.kills || !(name in deaths)) && (world.restarts || !(name in broker)),
  )
}
