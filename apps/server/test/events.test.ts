/** What happens, as it happens: server-sent events over a real port. */
import { connect as openSocket } from 'node:net'
import { Host, HostCreds, parseModel } from '@commissaire/models'
import { afterEach, expect, test, vi } from 'vitest'
import type { EventOptions } from '../src/events/event-hub.ts'
import { basic, openWorld, operator, type World } from './world.ts'

interface Received {
  readonly id?: string
  readonly event?: string
  readonly data?: { model?: Record<string, unknown>; class?: string; lines?: unknown[] }
}

/** A client that reads as `EventSource` does. */
class Client implements AsyncDisposable {
  readonly events: Received[] = []
  readonly comments: string[] = []
  readonly ended: Promise<void>
  readonly #leaving = new AbortController()
  lastId = ''

  private constructor(body: ReadableStream<Uint8Array>, leaving: AbortController) {
    this.#leaving = leaving
    this.ended = this.#read(body).catch(() => undefined)
  }

  static async open(url: string, headers: Record<string, string> = {}): Promise<Client> {
    const leaving = new AbortController()
    const answer = await fetch(url, { headers: { ...login, ...headers }, signal: leaving.signal })
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      200,
      'text/event-stream; charset=utf-8',
    ])
    const client = new Client(answer.body as ReadableStream<Uint8Array>, leaving)
    await vi.waitFor(() => expect(client.lastId).not.toBe(''), { timeout: 10_000 })
    return client
  }

  names(): (string | undefined)[] {
    return this.events.map(({ event }) => event)
  }

  async until(count: number): Promise<Received[]> {
    await vi.waitFor(() => expect(this.events.length).toBeGreaterThanOrEqual(count), { timeout: 10_000 })
    return this.events
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#leaving.abort()
    await this.ended
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    let text = ''
    for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
      text += chunk
      const blocks = text.split('\n\n')
      text = blocks.pop() ?? ''
      for (const block of blocks) this.#take(block)
    }
  }

  #take(block: string): void {
    const fields = Object.fromEntries(
      block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
    )
    if (fields[''] !== undefined) this.comments.push(fields[''])
    this.lastId = fields['id'] ?? this.lastId
    if (fields['event'] !== undefined)
      this.events.push({ ...fields, data: JSON.parse(fields['data'] ?? 'null') })
  }
}

const login = basic(operator.user, operator.password)
let world: World | undefined

async function serve(events: EventOptions = {}): Promise<{ world: World; url: string }> {
  world = await openWorld({ events })
  const address = await world.app.listen({ port: 0, host: '127.0.0.1' })
  return { world, url: `${address}/api/v0/events` }
}

afterEach(async () => {
  await world?.[Symbol.asyncDispose]()
  world = undefined
})

const save = (address: string, changes: object = {}) =>
  world?.storage.save(Host, parseModel(Host, { address, ...changes }))

test('a host that is stored, changed and removed is told of, with what answers show of it', async () => {
  const { url } = await serve()
  await using client = await Client.open(url)
  await save('10.0.0.1', { host_key: 'ssh-ed25519 AAAA' })
  await save('10.0.0.1', { status: 'failed' })
  await world?.storage.delete(Host, '10.0.0.1')
  const events = await client.until(3)
  expect(client.names()).toEqual(['host.created', 'host.updated', 'host.deleted'])
  expect(events[1]?.data).toMatchObject({
    event: 'updated',
    class: 'Host',
    model: { address: '10.0.0.1', status: 'failed' },
  })
})

test('nobody hears anything who is not let in', async () => {
  const { url } = await serve()
  expect((await fetch(url)).status).toBe(403)
})

test('secrets are never told of, whoever puts them on the bus', async () => {
  const { url, world } = await serve()
  await using client = await Client.open(url)
  const creds = { address: '10.0.0.1', ssh_priv_key: 'c2VjcmV0', remote_user: 'root' }
  await world.storage.save(HostCreds, parseModel(HostCreds, creds))
  const forged = { event: 'updated', class: 'HostCreds', model: creds }
  const send = (key: string) => world.bus.publish(key, forged, { persistent: false })
  for (const key of ['notify.storage.HostCreds.updated', 'notify.storage.Host.updated']) await send(key)
  const within = { event: 'updated', class: 'Host', model: { address: '10.0.0.2', ssh_priv_key: 'c2VjcmV0' } }
  await world.bus.publish('notify.storage.Host.updated', within, { persistent: false })
  await save('10.0.0.3')
  const events = await client.until(2)
  expect(events.map(({ data }) => data?.model?.['address'])).toEqual(['10.0.0.2', '10.0.0.3'])
  expect(JSON.stringify(events)).not.toContain('c2VjcmV0')
})

test('who comes back with the id of the last event gets those after it, by header or by query', async () => {
  const { url } = await serve()
  const first = await Client.open(url)
  const { lastId: start } = first
  await save('10.0.0.1')
  await first.until(1)
  await first[Symbol.asyncDispose]()
  for (const address of ['10.0.0.2', '10.0.0.3']) await save(address)
  await using again = await Client.open(url, { 'last-event-id': first.lastId })
  await using whole = await Client.open(`${url}?since=${start}`)
  await using both = await Client.open(`${url}?since=${start}`, { 'last-event-id': first.lastId })
  const addresses = async (client: Client, count: number) =>
    (await client.until(count)).map(({ data }) => data?.model?.['address'])
  expect(await addresses(again, 2)).toEqual(['10.0.0.2', '10.0.0.3'])
  expect(await addresses(whole, 3)).toEqual(['10.0.0.1', '10.0.0.2', '10.0.0.3'])
  expect(await addresses(both, 2)).toEqual(['10.0.0.2', '10.0.0.3'])
})

test('what is remembered no more, or was never here, is a reset, after which it goes on', async () => {
  const { url } = await serve({ maxEvents: 3 })
  const start = await Client.open(url)
  await start[Symbol.asyncDispose]()
  for (const address of ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4']) await save(address)
  for (const id of [start.lastId, 'abcdef012345-2', 'nonsense']) {
    await using client = await Client.open(`${url}?since=${encodeURIComponent(id)}`)
    await client.until(1)
    await save('10.0.0.5')
    await client.until(2)
    expect(client.names()).toEqual(['reset', expect.stringMatching(/^host\./)])
    expect(client.events[0]?.id).not.toBe(id)
  }
})

test('a bound in bytes holds as well', async () => {
  const { url } = await serve({ maxBytes: 2000 })
  const start = await Client.open(url)
  await start[Symbol.asyncDispose]()
  for (let index = 0; index < 9; index++) await save(`10.0.0.${index}`)
  await using client = await Client.open(`${url}?since=${start.lastId}`)
  await client.until(1)
  expect(client.names()).toEqual(['reset'])
})

test('filters leave out what is not asked for, and hold together', async () => {
  const { url, world } = await serve()
  await world.ask('PUT', '/cluster/web', {})
  await save('10.0.0.1', { status: 'disassociated' })
  await world.ask('PUT', '/cluster/web/hosts/10.0.0.1', {})
  await using ofHost = await Client.open(`${url}?host=10.0.0.2`)
  await using ofOperation = await Client.open(`${url}?operation=up-1`)
  await using ofCluster = await Client.open(`${url}?cluster=web&kinds=host,operation,output`)
  const tell = (key: string, body: object) => world.bus.publish(key, body, { persistent: false })
  const of = (name: string, model: object) =>
    tell(`${name === 'OperationHost' ? 'internal' : 'notify'}.storage.${name}.updated`, {
      event: 'updated',
      class: name,
      model,
    })
  const output = (operation: string) =>
    tell('notify.operation.output', {
      operation,
      address: '10.0.0.1',
      step: 'act',
      lines: [{ stream: 'stdout', line: 'x' }],
    })
  await of('Operation', { id: 'up-1', cluster: 'web', status: 'in_process' })
  await of('Operation', { id: 'up-2', cluster: 'other', status: 'in_process' })
  await of('OperationHost', { id: 'up-1/10.0.0.1', operation: 'up-1', address: '10.0.0.1', journal: [{}] })
  await output('up-1')
  await output('up-2')
  for (const address of ['10.0.0.1', '10.0.0.2']) await save(address, { status: 'failed' })
  await of('Cluster', { name: 'web' })
  await ofHost.until(1)
  await ofCluster.until(3)
  await ofOperation.until(3)
  expect(ofHost.names()).toEqual(['host.created'])
  expect(ofOperation.names()).toEqual(['operation.updated', 'operation_host.updated', 'output'])
  expect(ofOperation.events[1]?.data?.model).not.toHaveProperty('journal')
  expect(ofCluster.names()).toEqual(['operation.updated', 'output', 'host.updated'])
})

test.each(['kinds=hosts', 'kinds=', 'host=a%20b', 'operation=../x'])('%s is no filter', async (query) => {
  world = await openWorld()
  const answer = await world.ask('GET', `/events?${query}`)
  expect([answer.statusCode, answer.json().faults.length > 0]).toEqual([400, true])
})

test('a client that hears nothing hears that the server is there', async () => {
  const { url } = await serve({ heartbeat: 30 })
  await using client = await Client.open(url)
  await vi.waitFor(() => expect(client.comments.length).toBeGreaterThan(1), { timeout: 10_000 })
  expect(client.events).toEqual([])
})

test('one that reads nothing is cut off, and costs no memory', async () => {
  const { url, world } = await serve({ heartbeat: 30, stallTimeout: 300 })
  const { hostname, port } = new URL(url)
  const socket = openSocket(Number(port), hostname)
  const closed = new Promise((resolve) => socket.once('close', resolve).once('error', () => {}))
  socket.write(`GET /api/v0/events HTTP/1.1\r\nHost: x\r\nAuthorization: ${login['authorization']}\r\n\r\n`)
  // Nobody listens to its data, so that it takes only what fits into its buffers.
  await vi.waitFor(() => expect(socket.bytesRead).toBeGreaterThan(0), { timeout: 10_000 })
  const line = 'x'.repeat(100_000)
  const output = { operation: 'up-1', address: 'a', step: 'act', lines: [{ stream: 'stdout', line }] }
  await vi.waitFor(
    async () => {
      await world.bus.publish('notify.operation.output', output, { persistent: false })
      expect(await openStreams(world)).toBe(0)
    },
    { timeout: 15_000, interval: 5 },
  )
  socket.resume()
  await closed
}, 20_000)

test('streams end when the server closes, and when they have lasted long enough', async () => {
  const { url, world: opened } = await serve({ heartbeat: 30, maxDuration: 200 })
  const short = await Client.open(url)
  await short.ended
  await opened[Symbol.asyncDispose]()
  world = undefined
  const next = await serve()
  const client = await Client.open(next.url)
  const begun = performance.now()
  await next.world.app.close()
  await client.ended
  expect(performance.now() - begun).toBeLessThan(5000)
})

test('only so many may listen', async () => {
  const { url } = await serve({ maxStreams: 1 })
  await using _first = await Client.open(url)
  expect((await fetch(url, { headers: login })).status).toBe(503)
})

/** How many connections the server has. */
function openStreams({ app }: World): Promise<number> {
  return new Promise((resolve, reject) =>
    app.server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
  )
}
