/**
 * What peers that speak kombu see of the services on Redis: hand-made messages in, the bytes that come out.
 * The shapes are those recorded from the original's bus.
 */
import { randomUUID } from 'node:crypto'

import { ClusterRestart } from '@commissaire/models'
import { Redis } from 'ioredis'
import { describe, expect, test } from 'vitest'

import { haveRedis, RedisServer } from '@commissaire/testing'
import { TestSystem, untilEnded } from './system.ts'

const SEPARATOR = '\x06\x16'

interface Envelope {
  readonly body: string
  readonly 'content-type': string
  readonly properties: {
    readonly delivery_mode: number
    readonly delivery_info: { readonly routing_key: string }
  }
}

/** A peer as kombu makes one: bindings, lists and envelopes, by hand. */
class Peer implements AsyncDisposable {
  readonly redis: Redis

  constructor(url: string) {
    this.redis = new Redis(url)
  }

  /** A queue that gets what the pattern matches. */
  async bind(queue: string, routingKey: string, pattern: string): Promise<void> {
    await this.redis.sadd('_kombu.binding.commissaire', [routingKey, pattern, queue].join(SEPARATOR))
  }

  /** Puts a request on a service's queue; its answers come on the list that this gives. */
  async request(
    queue: string,
    routing_key: string,
    params: unknown,
  ): Promise<{ id: string; replies: string }> {
    const id = randomUUID()
    const replies = `response-${id}`
    await this.redis.sadd(`_kombu.binding.${replies}`, [replies, '', replies].join(SEPARATOR))
    const method = routing_key.split('.').at(-1)
    const body = JSON.stringify({ jsonrpc: '2.0', id, method, params })
    await this.send(queue, {
      routing_key,
      body,
      contentType: 'application/json',
      properties: { reply_to: replies },
    })
    return { id, replies }
  }

  async send(
    queue: string,
    message: { routing_key: string; body: string; contentType: string; properties?: object },
  ): Promise<void> {
    const { routing_key, body, contentType, properties } = message
    const envelope = {
      body: Buffer.from(body).toString('base64'),
      'content-encoding': 'utf-8',
      'content-type': contentType,
      headers: {},
      properties: {
        ...properties,
        delivery_mode: 2,
        delivery_info: { exchange: 'commissaire', routing_key },
        priority: 0,
        body_encoding: 'base64',
        delivery_tag: randomUUID(),
      },
    }
    await this.redis.lpush(queue, JSON.stringify(envelope))
  }

  /** The next message on a list. */
  async next(list: string): Promise<{ envelope: Envelope; body: unknown }> {
    const popped = await this.redis.brpop(list, 30)
    if (!popped) throw new Error(`nothing came on ${list}`)
    const envelope: Envelope = JSON.parse(popped[1])
    return { envelope, body: JSON.parse(Buffer.from(envelope.body, 'base64').toString()) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.redis.quit()
  }
}

describe.skipIf(!haveRedis)('on the wire', { timeout: 120_000 }, () => {
  test('a save is announced as a bare transient message before it is answered', async () => {
    await using redis = await RedisServer.start()
    await using system = await TestSystem.start({ url: redis.url, watcher: false, clusterexec: false })
    await using peer = new Peer(redis.url)
    await peer.bind('ear', 'notify.storage.#', '^notify\\.storage\\..*?$')
    const model = { name: 'n1', type: 'flannel_server', options: { address: '1.2.3.4:8080' } }
    const params = { model_type_name: 'Network', model_json_data: model }
    const { id, replies } = await peer.request('storage', 'storage.save', params)
    const reply = await peer.next(replies)
    expect(await peer.redis.llen('ear')).toBe(1)
    expect(reply.body).toEqual({ jsonrpc: '2.0', id, result: model })
    const { envelope, body } = await peer.next('ear')
    expect(body).toEqual({ event: 'created', class: 'Network', model })
    expect(envelope.properties).toMatchObject({
      delivery_mode: 1,
      delivery_info: { exchange: 'commissaire', routing_key: 'notify.storage.Network.created' },
    })
    expect(system.bus.state).toBe('connected')
  })

  test('an operation is answered once, early, with the operation in process', async () => {
    await using redis = await RedisServer.start()
    await using system = await TestSystem.start({ url: redis.url, watcher: false })
    await using peer = new Peer(redis.url)
    const host = await system.activeHost()
    await system.cluster('honeynut', [host])
    const { id, replies } = await peer.request('clusterexec', 'jobs.clusterexec.restart', ['honeynut'])
    const { body } = await peer.next(replies)
    expect(body).toEqual({
      jsonrpc: '2.0',
      id,
      result: {
        name: 'honeynut',
        status: 'in_process',
        restarted: [],
        in_process: [],
        started_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/),
        finished_at: '',
        failures: {},
        reason: '',
        operation: expect.stringMatching(/^restart-honeynut-/),
      },
    })
    const { status } = await untilEnded(() => system.storage.find(ClusterRestart, 'honeynut'))
    expect(status).toBe('finished')
    // The service answers this after it has settled the operation's message.
    const ping = await peer.request('clusterexec', 'jobs.clusterexec.ping', [])
    await peer.next(ping.replies)
    expect(await peer.redis.llen(replies)).toBe(0)
  })

  test('a watcher record goes round as bare text', async () => {
    await using redis = await RedisServer.start()
    await using system = await TestSystem.start({
      url: redis.url,
      watcher: { interval: 200 },
      clusterexec: false,
    })
    await using peer = new Peer(redis.url)
    const host = await system.activeHost()
    await peer.bind('ear', 'jobs.watcher', '^jobs\\.watcher$')
    const record = JSON.stringify({ address: host.address, last_check: '2026-11-24T00:07:08.154103' })
    await peer.send('watcher', { routing_key: 'jobs.watcher', body: record, contentType: 'text/plain' })
    const { envelope, body } = await peer.next('ear')
    expect(envelope['content-type']).toBe('text/plain')
    const last_check = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/)
    expect(body).toEqual({ address: host.address, last_check })
  })

  test('an unknown key is told in the words that peers know', async () => {
    await using redis = await RedisServer.start()
    await using system = await TestSystem.start({ url: redis.url, watcher: false, clusterexec: false })
    await using peer = new Peer(redis.url)
    const wanted = {
      address: '10.2.0.9',
      status: '',
      os: '',
      cpus: 0,
      memory: 0,
      space: 0,
      last_check: '',
      source: '',
    }
    const params = { model_type_name: 'Host', model_json_data: wanted }
    const { id, replies } = await peer.request('storage', 'storage.get', params)
    const { body } = await peer.next(replies)
    expect(body).toMatchObject({
      jsonrpc: '2.0',
      id,
      error: {
        code: -20000,
        message: '(-20000) Key not found : /commissaire/hosts/10.2.0.9',
        data: { model_json_data: [wanted], model_type_name: 'Host' },
      },
    })
    expect(system.bus.state).toBe('connected')
  })
})
