/** A NATS server as a world of the contract suite. */

import { NatsServer } from '@commissaire/testing'
import { jetstreamManager, type JetStreamManager, type StreamInfo } from '@nats-io/jetstream'
import { connect as connectPlainly, type NatsConnection } from '@nats-io/transport-node'
import { connect } from '../../src/index.ts'
import type { World } from '../../src/testing.ts'
import { open } from '../../src/transports/nats.ts'
import { consumerName, Names } from '../../src/transports/nats/names.ts'
import { takeAndDie } from './redis-world.ts'
import { NatsInjection } from './nats-injection.ts'
import { quietOptions } from './quiet-options.ts'

/** Connects a plain client, for looking at the server. */
export async function lookAt<T>(
  server: NatsServer,
  look: (streams: JetStreamManager, nats: NatsConnection) => Promise<T>,
): Promise<T> {
  const nats = await connectPlainly({ servers: `127.0.0.1:${server.port}` })
  try {
    return await look(await jetstreamManager(nats), nats)
  } finally {
    await nats.close()
  }
}

/** Lists every stream with its messages, and its consumers with their unsettled messages. */
async function inventory(server: NatsServer): Promise<string[]> {
  return lookAt(server, async (streams) => {
    const found: string[] = []
    for await (const { config, state } of all(streams)) {
      found.push(`${config.name} ${state.messages}`)
      for await (const { name, num_ack_pending } of streams.consumers.list(config.name))
        found.push(`${config.name} ${name} ${num_ack_pending}`)
    }
    return found.toSorted()
  })
}

async function unsettled(server: NatsServer, queue: string): Promise<number> {
  return lookAt(server, async (streams) => {
    const { num_ack_pending } = await streams.consumers.info(
      new Names('commissaire').stream(queue),
      consumerName,
    )
    return num_ack_pending
  })
}

function all(streams: JetStreamManager): AsyncIterable<StreamInfo> {
  return streams.streams.list()
}

export async function natsWorld(): Promise<World> {
  const server = await NatsServer.start()
  const injection = new NatsInjection(`127.0.0.1:${server.port}`)
  const buses: AsyncDisposable[] = [injection]
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
    inject: (queue, message) => injection.inject(queue, message),
    unsettled: (queue) => unsettled(server, queue),
    inventory: () => inventory(server),
    async [Symbol.asyncDispose]() {
      for (const bus of buses) await bus[Symbol.asyncDispose]()
      await server.remove()
    },
  }
}
