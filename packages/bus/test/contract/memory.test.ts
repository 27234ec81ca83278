/** The contract suite on the broker within one process. Its world cannot kill processes or the broker. */

import { randomUUID } from 'node:crypto'
import { describe, test } from 'vitest'
import { connect } from '../../src/index.ts'
import { checksFor, type World } from '../../src/testing.ts'
import { open } from '../../src/transports/memory.ts'
import { injectIntoMemory } from '../brokers/memory-injection.ts'
import { quietOptions } from '../brokers/quiet-options.ts'

async function memoryWorld(): Promise<World> {
  const url = `memory://${randomUUID()}`
  const buses: AsyncDisposable[] = []
  return {
    async connect(options) {
      const bus = await connect(url, options)
      buses.push(bus)
      return bus
    },
    open: (onReply) => open(new URL(url), quietOptions(onReply)),
    inject: (_queue, message) => injectIntoMemory(url, message),
    unsettled: async () => 0,
    async [Symbol.asyncDispose]() {
      for (const bus of buses) await bus[Symbol.asyncDispose]()
    },
  }
}

describe('the contract in memory', () => {
  for (const [name, check] of checksFor({ kills: false, restarts: false, injects: true }))
    test(name, () => check(memoryWorld))
})
