/**
 * Which scenarios run in which world. Every scenario runs in two of the six worlds of seven processes, which together
 * have each kind of store and two brokers; in the others those run that depend on the broker or the store.
 */

/** Worlds in which every scenario runs. */
const WHOLE: ReadonlySet<string> = new Set(['redis and sqlite', 'nats and etcd'])

/** Scenarios whose way leads through broker and store alike: one of each kind. */
const DEPENDENT: ReadonlySet<string> = new Set([
  'a host is registered, becomes active with its facts, and leaves nothing behind when it is deleted',
  'of two clients that replace the hosts at the same moment one gets through, and the other is told',
  'a restart reboots every host once, and each proves it by its boot id',
])

/** Parts whose death depends on the broker or on the store. */
const DEPENDENT_PARTS: ReadonlySet<string> = new Set(['storage', 'clusterexec'])

/** `npm test -- --full` runs every scenario in every world; npm hands the flag on in the environment. */
const isFull = process.env['npm_config_full'] === 'true' || process.env['FULL'] === 'true'

/** The scenarios and the deaths of parts that a world runs. */
export interface Extent {
  readonly includes: (sentence: string) => boolean
  readonly kills: (part: string) => boolean
}

/** What runs in the world of that broker and store. */
export function extentOf(broker: string, store: string): Extent {
  return isFull || WHOLE.has(`${broker} and ${store}`) ? everything : dependent
}

/** Every scenario, and the death of every part. */
export const everything: Extent = { includes: () => true, kills: () => true }

const dependent: Extent = {
  includes: (sentence) => DEPENDENT.has(sentence),
  kills: (part) => DEPENDENT_PARTS.has(part),
}
