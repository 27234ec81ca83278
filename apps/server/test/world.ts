/**
 * A world for the server's tests: a real bus in memory, the real store behind the storage service's methods, and
 * services that note what they are asked, with the app before them.
 */
import { randomUUID } from 'node:crypto'
import { type Bus, BusError, connect, type Logger, type Requester } from '@commissaire/bus'
import { timestamp } from '@commissaire/models'
import { CommissaireService, type Message, type ServiceOptions } from '@commissaire/service'
import { StorageClient, StorageMethods, Store } from '@commissaire/storage'
import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import { openAuthentication } from '../src/auth/authentication.ts'
import { type AppOptions, createApp } from '../src/http/app.ts'

/** Name and password of the one who may in. The hash is a cheap one, for speed. */
export const operator = {
  user: 'a',
  password: 'a',
  hash: '$scrypt$ln=4,r=8,p=1$Y29tbWlzc2FpcmUtdGVzdA$PK3Kz2VDYZge1XclWV1XqSYzzI29lBha3i3qnb6oLJY',
}

/** The header of somebody with that name and password. */
export function basic(user: string, password: string): { authorization: string } {
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` }
}

/** One line of the log. */
export interface LogLine {
  readonly level: string
  readonly facts: Record<string, unknown>
  readonly sentence: string
}

interface StorageOptions extends ServiceOptions {
  readonly methods: StorageMethods
}

class TestStorage extends CommissaireService<StorageOptions> {
  static override readonly methods = {
    save: { params: ['model_type_name', 'model_json_data', 'revision'] },
    get: { params: ['model_type_name', 'model_json_data'] },
    fetch: { params: ['model_type_name', 'model_json_data'] },
    delete: { params: ['model_type_name', 'model_json_data'] },
    list: { params: ['model_type_name', 'prefix'] },
    page: { params: ['model_type_name', 'query'] },
  }

  on_save(
    _message: Message,
    type: string,
    data: unknown,
    // oxlint-disable-next-line typescript/no-useless-default-assignment -- says to callers that it may be left out
    revision: string | null | undefined = undefined,
  ): Promise<object> {
    return this.options.methods.save(type, data, revision)
  }

  on_get(_message: Message, type: string, data: unknown): Promise<object> {
    return this.options.methods.get(type, data)
  }

  on_fetch(_message: Message, type: string, data: unknown): Promise<object> {
    return this.options.methods.fetch(type, data)
  }

  on_delete(_message: Message, type: string, data: unknown): Promise<null> {
    return this.options.methods.delete(type, data)
  }

  on_page(_message: Message, type: string, query: unknown): Promise<object> {
    return this.options.methods.page(type, query)
  }

  on_list(_message: Message, type: string, prefix = ''): Promise<object[]> {
    return this.options.methods.list(type, prefix)
  }
}

/** A container manager service that keeps its nodes in a set, and can be told to fail. */
export class Containers extends CommissaireService {
  readonly nodes = new Set<string>()
  failing = false

  on_register_node(_message: Message, manager: string, address: string): null {
    this.#check()
    this.nodes.add(`${manager}/${address}`)
    return null
  }

  on_remove_node(_message: Message, manager: string, address: string): null {
    this.#check()
    this.nodes.delete(`${manager}/${address}`)
    return null
  }

  on_get_node_status(_message: Message, manager: string, address: string): object {
    this.#check()
    return { node: address, manager, status: 'ok' }
  }

  #check(): void {
    if (this.failing) throw new BusError('ContainerManager', 'The platform is away')
  }
}

/** Starts operations, and answers as the service does: with the model as it is at the start. */
class ClusterExec extends CommissaireService {
  on_upgrade(_message: Message, name: string): object {
    return { name, status: 'in_process', started_at: timestamp() }
  }

  on_restart(_message: Message, name: string): object {
    return { name, status: 'in_process', started_at: timestamp() }
  }

  on_deploy(_message: Message, name: string, version: string): object {
    if (version === 'busy') throw new BusError('Conflict', 'A deployment is in process')
    return { name, version, status: 'in_process', started_at: timestamp() }
  }
}

/** Everything a test needs. Close it afterwards. */
export class World implements AsyncDisposable {
  readonly bus: Bus
  readonly app: FastifyInstance
  readonly storage: StorageClient
  readonly containers: Containers
  readonly log: readonly LogLine[]
  /** The routing keys and parameters that the server put on the bus, in order. */
  readonly sent: readonly { routingKey: string; params: unknown }[]
  readonly #rest: readonly (() => Promise<unknown>)[]

  constructor(parts: {
    bus: Bus
    app: FastifyInstance
    storage: StorageClient
    containers: Containers
    log: readonly LogLine[]
    sent: World['sent']
    rest: readonly (() => Promise<unknown>)[]
  }) {
    this.bus = parts.bus
    this.app = parts.app
    this.storage = parts.storage
    this.containers = parts.containers
    this.log = parts.log
    this.sent = parts.sent
    this.#rest = parts.rest
  }

  /** Sends a request as the operator does. */
  async ask(method: string, path: string, body?: unknown): Promise<LightMyRequestResponse> {
    return this.app.inject({
      method: method as 'GET',
      url: path.startsWith('/api') ? path : `/api/v0${path}`,
      headers: { ...basic(operator.user, operator.password), 'content-type': 'application/json' },
      ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
    })
  }

  /** Ends everything. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.app.close()
    for (const close of this.#rest) await close()
  }
}

/** Makes a world with an empty store. */
export async function openWorld(options: Partial<AppOptions> = {}): Promise<World> {
  const { log, lines } = recordingLog()
  const bus = await connect(`memory://${randomUUID()}`, { log })
  const store = await Store.open({ storage_handlers: [{ type: 'memory', name: 'memory', models: ['*'] }] })
  const quiet = recordingLog().log
  const methods = new StorageMethods(store, {
    announce: (routingKey, event) => bus.publish(routingKey, event, { persistent: false }),
  })
  const serve = (name: string, routingKey: string) => ({ bus, log: quiet, queues: [{ name, routingKey }] })
  const containers = new Containers(serve('containermgr', 'container.*'))
  const services = [
    new TestStorage({ ...serve('storage', 'storage.*'), methods }),
    containers,
    new ClusterExec(serve('clusterexec', 'jobs.clusterexec.*')),
  ]
  for (const service of services) await service.start()
  const { requester, sent } = recording(bus)
  const storage = new StorageClient(requester)
  const auth = await openAuthentication([{ name: 'httpbasicauth', users: { a: { hash: operator.hash } } }], {
    log,
  })
  const app = createApp({ bus: requester, storage, auth, log, ...options })
  const rest = [...services.map((service) => () => service.close()), () => bus.close(), () => store.close()]
  return new World({ bus, app, storage: new StorageClient(bus), containers, log: lines, sent, rest })
}

/** A log that keeps its lines. */
export function recordingLog(): { log: Logger; lines: LogLine[] } {
  const lines: LogLine[] = []
  const at = (level: string) => (facts: object, sentence: string) => {
    lines.push({ level, facts: facts as Record<string, unknown>, sentence })
  }
  return { log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }, lines }
}

type Backbone = Requester & Pick<Bus, 'dead' | 'listen' | 'rollCall'>

function recording(bus: Bus): { requester: Backbone; sent: { routingKey: string; params: unknown }[] } {
  const sent: { routingKey: string; params: unknown }[] = []
  const requester: Backbone = {
    dead: bus.dead,
    listen: (routingKeys, options) => bus.listen(routingKeys, options),
    rollCall: (options) => bus.rollCall(options),
    request(routingKey, params, options) {
      sent.push({ routingKey, params })
      return bus.request(routingKey, params, options)
    },
    notify(routingKey, params) {
      sent.push({ routingKey, params })
      return bus.notify(routingKey, params)
    },
    publish(routingKey, payload, options) {
      sent.push({ routingKey, params: payload })
      return bus.publish(routingKey, payload, options)
    },
  }
  return { requester, sent }
}
