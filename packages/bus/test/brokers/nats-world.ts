/** A NATS server of the tests' own: on a free port, with JetStream on disk, to be killed and started again. */

import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { jetstreamManager, type JetStreamManager, type StreamInfo } from '@nats-io/jetstream'
import { connect as connectPlainly, type NatsConnection } from '@nats-io/transport-node'
import { connect } from '../../src/index.ts'
import type { World } from '../../src/testing.ts'
import { eventually } from '../../src/testing/eventually.ts'
import { open } from '../../src/transports/nats.ts'
import { consumerName, Names } from '../../src/transports/nats/names.ts'
import { freePort, takeAndDie } from './redis-world.ts'
import { NatsInjection } from './nats-injection.ts'
import { quietOptions } from './quiet-options.ts'

/** Whether there is a server to test with. In CI its absence is a failure, not a reason to skip. */
export const haveNats = present()

function present(): boolean {
  if (spawnSync('nats-server', ['--version']).status === 0) return true
  if (process.env['CI']) throw new Error('nats-server is missing; run: apt-get install nats-server')
  console.warn('SKIPPED all tests on NATS: nats-server is missing; run: apt-get install nats-server')
  return false
}

/** Additional lines of `nats-server.conf`, and whether JetStream is enabled. */
export interface NatsSettings {
  readonly config?: string
  readonly jetstream?: boolean
}

/** A server and its address. */
export class NatsServer {
  readonly port: number
  readonly #directory: string
  #process: ChildProcess | undefined

  private constructor(port: number, directory: string) {
    this.port = port
    this.#directory = directory
  }

  static async start({ config = '', jetstream = true }: NatsSettings = {}): Promise<NatsServer> {
    const server = new NatsServer(await freePort(), await mkdtemp(join(tmpdir(), 'commissaire-nats-')))
    const keep = jetstream ? `jetstream { store_dir: "${server.#directory}" }\n` : ''
    await writeFile(server.#configuration, `listen: "127.0.0.1:${server.port}"\n${keep}${config}\n`)
    await server.resume()
    return server
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`
  }

  async resume(): Promise<void> {
    const server = spawn('nats-server', ['-c', this.#configuration], { stdio: ['ignore', 'ignore', 'pipe'] })
    this.#process = server
    let log = ''
    server.stderr.on('data', (text) => (log += String(text)))
    await eventually('the NATS server is ready', () => log.includes('Server is ready')).catch(
      (cause: unknown) => {
        throw new Error(`nats-server did not start: ${log}`, { cause })
      },
    )
  }

  async kill(): Promise<void> {
    const server = this.#process
    this.#process = undefined
    if (!server?.kill('SIGKILL')) return
    await once(server, 'exit')
  }

  signal(signal: NodeJS.Signals): void {
    this.#process?.kill(signal)
  }

  async remove(): Promise<void> {
    await this.kill()
    await rm(this.#directory, { recursive: true, force: true })
  }

  /** A plain client, for looking at the server. */
  async look<T>(at: (streams: JetStreamManager, nats: NatsConnection) => Promise<T>): Promise<T> {
    const nats = await connectPlainly({ servers: `127.0.0.1:${this.port}` })
    try {
      return await at(await jetstreamManager(nats), nats)
    } finally {
      await nats.close()
    }
  }

  get #configuration(): string {
    return join(this.#directory, 'nats-server.conf')
  }
}

/** Lists every stream with its messages, and its consumers with their unsettled messages. */
async function inventory(server: NatsServer): Promise<string[]> {
  return server.look(async (streams) => {
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
  return server.look(async (streams) => {
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
