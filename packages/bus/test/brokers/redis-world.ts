/** A Redis server as a world of the contract suite. */

import { RedisServer } from '@commissaire/testing'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { connect } from '../../src/index.ts'
import type { World } from '../../src/testing.ts'
import { open } from '../../src/transports/redis.ts'
import { injectIntoRedis } from './redis-injection.ts'
import { quietOptions } from './quiet-options.ts'

export async function redisWorld(): Promise<World> {
  const server = await RedisServer.start()
  const buses: AsyncDisposable[] = []
  return {
    async connect(options) {
      const bus = await connect(server.url, options)
      buses.push(bus)
      return bus
    },
    open: (onReply) => open(new URL(server.url), quietOptions(onReply)),
    takeAndDie: (queue) => takeAndDie(server.url, queue),
    stopBroker: () => server.kill(),
    startBroker: () => server.resume(),
    inject: (queue, message) => injectIntoRedis(server.client, queue, message),
    unsettled: () => server.client.hlen('unacked'),
    inventory: async () => (await server.client.keys('*')).sort(),
    async [Symbol.asyncDispose]() {
      for (const bus of buses) await bus[Symbol.asyncDispose]()
      await server.remove()
    },
  }
}

const program = fileURLToPath(new URL('../fixtures/take-and-die.ts', import.meta.url))

/** Starts a real process that takes a message, and kills it while it has it. */
export async function takeAndDie(url: string, queue: string): Promise<void> {
  const consumer = fork(program, [url, queue], { execArgv: ['--conditions=@commissaire/source'] })
  await once(consumer, 'message')
  consumer.kill('SIGKILL')
  await once(consumer, 'exit')
}
