/** The contract of all transports, on memory and on a Redis that the tests kill. */

import { randomUUID } from 'node:crypto'
import { describe, test } from 'vitest'
import { connect } from '../src/index.ts'
import { checksFor, type World } from '../src/testing.ts'
import { open } from '../src/transports/memory.ts'
import { haveRedis, redisWorld } from './redis-world.ts'
import { quietOptions } from './quiet-options.ts'

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
    async [Symbol.asyncDispose]() {
      for (const bus of buses) await bus[Symbol.asyncDispose]()
    },
  }
}

describe('memory', () => {
  for (const [name, check] of checksFor({ kills: false, restarts: false }))
    test(name, () => check(memoryWorld))
})

describe.skipIf(!haveRedis)('redis', () => {
  for (const [name, check] of checksFor({ kills: true, restarts: true })) test(name, () => check(redisWorld))
})
