/**
 * What the seven processes stand on: a private broker and a private store, started for one world and gone with it.
 */
import {
  ErlangNode,
  etcdIsThere,
  EtcdServer,
  haveNats,
  haveRabbitMq,
  haveRedis,
  NatsServer,
  RedisServer,
} from '@commissaire/testing'
import { urlOf } from '../../../packages/bus/test/brokers/rabbitmq-world.ts'
import { sevenProcesses } from './seven-processes.ts'
import type { Standing, World } from './world.ts'

/** Something that the world stands on. */
interface Footing<T> {
  readonly at: T
  /** Undefined where there is no server. */
  readonly server?: Standing
  remove(): Promise<void>
}

/** Whether it can be run here, and how. */
interface Kind<T> {
  readonly isThere: () => boolean
  readonly start: () => Promise<Footing<T>>
}

/** Brokers by name; each gives the URL of the bus. */
export const brokers = {
  redis: {
    isThere: () => haveRedis,
    start: async () => {
      const server = await RedisServer.start()
      return { at: server.url, server, remove: () => server.remove() }
    },
  },
  rabbitmq: {
    isThere: () => haveRabbitMq,
    start: async () => {
      const node = await ErlangNode.start()
      return { at: urlOf(node, '/'), server: node, remove: () => node.remove() }
    },
  },
  nats: {
    isThere: () => haveNats,
    start: async () => {
      const server = await NatsServer.start()
      return { at: server.url, server, remove: () => server.remove() }
    },
  },
} satisfies Record<string, Kind<string>>

/** Stores by name; each gives what the storage service is told of it. */
export const stores = {
  sqlite: {
    isThere: () => true,
    start: async (): Promise<Footing<Record<string, unknown>>> => ({
      at: { type: 'sqlite' },
      remove: async () => {},
    }),
  },
  etcd: {
    isThere: etcdIsThere,
    start: async () => {
      const server = await EtcdServer.start()
      const standing: Standing = {
        kill: () => server.kill(),
        resume: () => server.restart(),
        signal: (signal) => server.signal(signal),
      }
      return { at: { type: 'etcd', server_url: server.url }, server: standing, remove: () => server.close() }
    },
  },
} satisfies Record<string, Kind<Record<string, unknown>>>

/** Starts broker and store, and the seven processes on them. */
export async function sevenProcessesOn(
  broker: keyof typeof brokers,
  store: keyof typeof stores,
  options: { readonly watchInterval?: number } = {},
): Promise<World> {
  await using opened = new AsyncDisposableStack()
  const starting = [brokers[broker].start(), stores[store].start()] as const
  for (const each of starting) opened.defer(async () => (await each).remove())
  const [bus, rest] = await Promise.all(starting)
  const world = opened.use(await sevenProcesses({ ...options, bus: bus.at, store: rest.at }))
  const all = opened.move()
  const standings = { ...(bus.server && { broker: bus.server }), ...(rest.server && { store: rest.server }) }
  return { ...world, standings, [Symbol.asyncDispose]: () => all.disposeAsync() }
}
