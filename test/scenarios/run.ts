/** Runs the suite in a world: the file of each world is a line. */
import { afterAll, afterEach, beforeAll, describe, test } from 'vitest'
import { clusterScenarios } from './clusters.ts'
import { deathOf } from './deaths.ts'
import { brokers, sevenProcessesOn, stores } from './worlds/grounds.ts'
import { hostScenarios } from './hosts.ts'
import { operationScenarios } from './operations.ts'
import { parts } from './worlds/seven-processes.ts'
import type { World } from './worlds/world.ts'

const scenarios = { ...hostScenarios, ...clusterScenarios, ...operationScenarios }

/** Every scenario in seven processes over this broker, with either store. */
export function runOver(broker: keyof typeof brokers): void {
  for (const store of ['sqlite', 'etcd'] as const) {
    if (!brokers[broker].isThere() || !stores[store].isThere()) continue
    runScenarios(`in seven processes over ${broker} and ${store}`, parts, () =>
      sevenProcessesOn(broker, store),
    )
  }
}

/** Every scenario, one after the other, in a world that is opened once. */
export function runScenarios(name: string, parts: readonly string[], open: () => Promise<World>): void {
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

    for (const [sentence, scenario] of Object.entries(scenarios)) test(sentence, () => scenario(world))
    for (const part of parts)
      test(`${part} is killed in the middle of an investigation and a restart, and both are finished`, () =>
        deathOf(part)(world))
  })
}
