/** The contract suite on one RabbitMQ that the checks kill, with a virtual host for each check. */

import { haveRabbitMq } from '@commissaire/testing'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { checksFor } from '../../src/testing.ts'
import { RabbitMqWorlds } from '../brokers/rabbitmq-world.ts'

describe.skipIf(!haveRabbitMq)('the contract on RabbitMQ', { timeout: 150_000 }, () => {
  let worlds: RabbitMqWorlds
  beforeAll(async () => {
    worlds = await RabbitMqWorlds.start()
  }, 150_000)
  afterAll(() => worlds.remove())
  for (const [name, check] of checksFor({ kills: true, restarts: true, injects: true }))
    test(name, () => check(() => worlds.make()))
})
