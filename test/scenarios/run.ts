/** Runs the suite in a world: the file of each world is a line. */
import { afterAll, afterEach, beforeAll, describe, test } from 'vitest'
import { clusterScenarios } from './suite/clusters.ts'
import { deathOf } from './suite/deaths.ts'
import { brokers, sevenProcessesOn, stores } from './worlds/grounds.ts'
import { type Extent, extentOf } from './extent.ts'
import { hostScenarios } from './suite/hosts.ts'
import { operationScenarios } from './suite/operations.ts'
import { parts } from './worlds/seven-processes.ts'
import type { World } from './worlds/world.ts'

const scenarios = { ...hostScenarios, ...clusterScenarios, ...operationScenarios }

/** The scenarios in seven processes over this broker and this store. */
export function runOver(broker: keyof typeof brokers, store: keyof typeof stores): void {
  const isThere = brokers[broker].isThere() && stores[store].isThere()
  describe.skipIf(!isThere)(`${broker} and ${store}`, () => {
    const open = () => sevenProcessesOn(broker, store)
    runScenarios(`in seven processes over ${broker} and ${store}`, {
      parts,
      open,
      extent: extentOf(broker, store),
    })
  })
}

/** How a world is opened, which parts it has, and what runs in it. */
export interface Run {
  readonly parts: readonly string[]
  readonly open: () => Promise<World>
  readonly extent: Extent
}

/** The scenarios of a world, one after the other; it is opened once. */
export function runScenarios(name: string, { parts, open, extent }: Run): void {
  describe(name, { timeout: 150_000 }, () => {
    let world: World

    beforeAll(async () => {
      world = await open()
    }, 120_000)

    afterAll(() => world?.[Symbol.asyncDispose](), 60_000)

    afterEach(({ task }) => {
      if (task.result?.state !== 'fail') return
      for (const part of world.parts) console.error(`${part}:\n${world.log(part).slice(-6000)}`)
    })

    /** Nobody looks at hosts of scenarios that are over. */
    afterEach(() => world.hosts.retire((address) => world.api('DELETE', `/host/${address}`)))

    for (const [sentence, scenario] of Object.entries(scenarios))
      if (extent.includes(sentence)) test(sentence, () => scenario(world))
    for (const part of parts.filter(extent.kills))
      test(`${part} is killed in the middle of an investigation and a restart, and both are finished`, () =>
        deathOf(part)(world))
  })
}
