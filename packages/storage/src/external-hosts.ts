/**
 * Hosts with an external source: `source` names the store handler, such as an inventory, that is the authority.
 *
 * Its attributes replace ours each time a host is read, except those that we determine ourselves. Nothing is written to
 * the source. While it does not answer, the attributes of the last save are used.
 */
import { BusError } from '@commissaire/bus'
import { Host, type ModelDefinition, parseModel } from '@commissaire/models'
import type { HandlerLog, StoreHandler } from './handler.ts'

/** Attributes that are ours, whatever the source says. */
const ours = [
  'address',
  'status',
  'status_reason',
  'last_check',
  'source',
  'host_key',
  'bootstrapped_at',
] as const

/** Lays over hosts what their sources say. */
export class ExternalHosts {
  readonly #sources: ReadonlyMap<string, StoreHandler>
  readonly #log: HandlerLog
  /** Those of which it was said already that something is wrong. */
  readonly #troubled = new Set<string>()

  constructor(sources: ReadonlyMap<string, StoreHandler>, log: HandlerLog) {
    this.#sources = sources
    this.#log = log
  }

  /** Refuses a host whose source is nobody. */
  check(definition: ModelDefinition, model: object): void {
    if (definition.name !== Host.name) return
    const { address, source } = parseModel(Host, model)
    if (source === '' || this.#sources.has(source)) return
    const names = [...this.#sources.keys()].join(', ')
    const message = `Host ${address}: "source" is "${source}", which is no store handler; there are: ${names}`
    throw new BusError('InvalidParams', message, {
      data: { exception: 'ValidationError', model_type_name: Host.name },
    })
  }

  /** Hosts as their sources have them, each source being asked once; other models as they are. */
  async complete<T extends object>(definition: ModelDefinition<T>, models: readonly T[]): Promise<T[]> {
    if (definition.name !== Host.name || !models.some((model) => Reflect.get(model, 'source')))
      return [...models]
    const hosts = models.map((model) => parseModel(Host, model))
    const completed = new Map<string, Host>()
    for (const [source, group] of Map.groupBy(hosts, (host) => host.source)) {
      for (const host of await this.#ask(source, group)) completed.set(host.address, host)
    }
    return hosts.map((host) => parseModel(definition, completed.get(host.address) ?? host))
  }

  async #ask(source: string, hosts: readonly Host[]): Promise<readonly Host[]> {
    if (source === '') return hosts
    try {
      const handler = this.#sources.get(source)
      if (!handler) throw new Error('no store handler has that name')
      const values = await read(handler, hosts)
      const completed = hosts.map((host) => layOver(host, values.get(host.address)))
      if (this.#troubled.delete(source)) this.#log.info({ source }, 'The source of hosts answers again')
      return completed
    } catch (err) {
      this.#warn(source, err)
      return hosts
    }
  }

  #warn(source: string, err: unknown): void {
    if (this.#troubled.has(source)) return
    this.#troubled.add(source)
    this.#log.warn(
      { err, source },
      `The source "${source}" cannot be read: its hosts are as they were last saved`,
    )
  }
}

/** What a source says of the hosts, by address. */
async function read(handler: StoreHandler, hosts: readonly Host[]): Promise<ReadonlyMap<string, string>> {
  const [host, ...more] = hosts
  const alone = host && more.length === 0
  const stored = alone
    ? [await handler.get({ model: Host.name, key: host.address })]
    : await handler.list(Host.name)
  return new Map(stored.flatMap((each) => (each ? [[each.key, each.value] as const] : [])))
}

/** A host that its source does not know, or does not know any more, is as it was last saved. */
function layOver(host: Host, value: string | undefined): Host {
  if (value === undefined) return host
  const said: unknown = JSON.parse(value)
  const kept = Object.fromEntries(ours.map((name) => [name, host[name]]))
  return parseModel(Host, { ...host, ...(typeof said === 'object' && said), ...kept })
}
