/** The contract of all transports, on memory and on brokers that the tests kill. */

import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { connect } from '../src/index.ts'
import { checksFor, type World } from '../src/testing.ts'
import { open } from '../src/transports/memory.ts'
import { haveRabbitMq } from './brokers/erlang-node.ts'
import { RabbitMqWorlds } from './brokers/rabbitmq-world.ts'
import { haveNats, natsWorld } from './brokers/nats-world.ts'
import { haveRedis, redisWorld } from './brokers/redis-world.ts'
import { quietOptions } from './brokers/quiet-options.ts'

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

describe.skipIf(!haveRedis)('redis', { timeout: 90_000 }, () => {
  for (const [name, check] of checksFor({ kills: true, restarts: true })) test(name, () => check(redisWorld))
})

describe.skipIf(!haveRabbitMq)('amqp', { timeout: 150_000 }, () => {
  let worlds: RabbitMqWorlds
  beforeAll(async () => {
    worlds = await RabbitMqWorlds.start()
  }, 150_000)
  afterAll(() => worlds.remove())
  for (const [name, check] of checksFor({ kills: true, restarts: true }))
    test(name, () => check(() => worlds.make()))
})

describe.skipIf(!haveNats)('nats', { timeout: 90_000 }, () => {
  for (const [name, check] of checksFor({ kills: true, restarts: true })) test(name, () => check(natsWorld))
})
