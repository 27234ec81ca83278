/**
 * Whatever comes over the bus, nothing changes but the log: the services go on, what is stored stays as it was, and
 * answers come only where they are due.
 */
import assert from 'node:assert/strict'
import type { Bus } from '@commissaire/bus'
import { Redis } from 'ioredis'
import { Connection } from 'rabbitmq-client'
import { describe, test } from 'vitest'
import { type BadPayload, badPayloads, callAt, type Door, doors } from './bad-messages.ts'
import { brokers, sevenProcessesOn } from './worlds/grounds.ts'
import { clusterOf, expectStatus } from './suite/scenario.ts'
import { until } from '@commissaire/testing'
import type { World } from './worlds/world.ts'

/** Where answers would come. */
const answers = 'answers-to-bad-input'

/** The wire below the bus. */
interface Wire extends AsyncDisposable {
  send(door: Door, payload: BadPayload): Promise<void>
  /** Envelopes that are wrong themselves, where the broker lets peers write them. */
  sendBroken(door: Door): Promise<void>
  /** Bodies that came as answers so far. */
  heard(): Promise<readonly string[]>
}

const wires = { redis: redisWire, rabbitmq: rabbitWire } as const

for (const name of ['redis', 'rabbitmq'] as const) {
  describe.skipIf(!brokers[name].isThere())(`bad input over ${name}`, { timeout: 120_000 }, () => {
    test('changes nothing but the log', async () => {
      await using world = await sevenProcessesOn(name, 'sqlite', { watchInterval: 3600 })
      await expectStatus(world, 201, ['PUT', '/containermanager/boxes', { type: 'trivial', options: {} }])
      await clusterOf(world, 'quiet', { count: 1 })
      const before = await digest(world)
      await using wire = await wires[name](world)
      let due = 0
      for (const door of doors) {
        await wire.sendBroken(door)
        for (const payload of Object.values(badPayloads(door))) {
          await wire.send(door, payload)
          if (payload.isAnswered) due += 1
        }
      }
      await until(async () => (await wire.heard()).length >= due || undefined, `${due} answers have come`)
      for (const { part } of doors) assert.match(world.log(part), /refused a message/, part)
      await stillAnswer(busOf(world))
      assert.equal(await digest(world), before)
      const heard = await wire.heard()
      assert.equal(heard.length, due)
      for (const body of heard) assert.ok('error' in (JSON.parse(body) as object), body)
      for (const part of world.parts)
        assert.equal(world.log(part).match(/is running/g)?.length, part === 'clusterexec' ? 2 : 1, part)
    })
  })
}

/** All that is stored, as its readers see it. */
async function digest(world: World): Promise<string> {
  const bus = busOf(world)
  const lists = ['Hosts', 'Clusters', 'Networks', 'ContainerManagerConfigs']
  const stored = await Promise.all(lists.map((list) => bus.request('storage.list', [list])))
  const restart = await world.api('GET', '/cluster/quiet/restart')
  return JSON.stringify([stored, restart.status])
}

async function stillAnswer(bus: Bus): Promise<void> {
  for (const key of ['storage.ping', 'jobs.clusterexec.ping', 'container.ping'])
    assert.equal(await bus.request(key, []), 'pong')
  await assert.rejects(bus.request('jobs.investigate', ['127.99.0.2']), { code: -20_000 })
  assert.equal(await bus.request('jobs.watcher', ['127.99.0.2']), null)
}

function busOf({ bus }: World): Bus {
  assert.ok(bus, 'this world has its bus outside')
  return bus
}

async function redisWire(world: World): Promise<Wire> {
  const redis = new Redis(urlOf(world))
  const queueOf = ({ part }: Door): string => part
  return {
    send: async (door, payload) => void (await redis.lpush(queueOf(door), envelope(door, payload))),
    sendBroken: async (door) => void (await redis.lpush(queueOf(door), ...brokenEnvelopes(door))),
    heard: async () => (await redis.lrange(answers, 0, -1)).map(bodyOf),
    [Symbol.asyncDispose]: async () => redis.disconnect(),
  }
}

function envelope({ key }: Door, { body, contentType, headers = {} }: BadPayload): string {
  return JSON.stringify({
    body: Buffer.from(body).toString('base64'),
    'content-encoding': 'utf-8',
    'content-type': contentType,
    headers,
    properties: {
      reply_to: answers,
      delivery_tag: 'bad-input',
      delivery_mode: 2,
      priority: 0,
      body_encoding: 'base64',
      delivery_info: { exchange: 'commissaire', routing_key: key },
    },
  })
}

/** What raises in kombu's loop and ends the original's process; nobody can be answered, or nobody is there to be. */
function brokenEnvelopes(door: Door): string[] {
  const body = Buffer.from(callAt(door)).toString('base64')
  const usual = { body, 'content-type': 'application/json', 'content-encoding': 'utf-8', headers: {} }
  const texts = ['', 'no JSON', '{"body":', '17', 'null', '[]', '"text"', '{}', '\u0000\uFFFD']
  const objects = [
    usual,
    { ...usual, properties: null },
    { ...usual, properties: { body_encoding: 'base64' } },
    { ...usual, properties: { body_encoding: 'base64', delivery_info: {} } },
    { ...usual, properties: { body_encoding: 'base64', delivery_info: 'storage.save', delivery_tag: {} } },
    { ...usual, properties: { body_encoding: 'utf-8', delivery_info: { routing_key: door.key } } },
    { body: { nested: true }, properties: { delivery_info: { routing_key: door.key }, reply_to: 7 } },
  ]
  return [...texts, ...objects.map((object) => JSON.stringify(object))]
}

function bodyOf(text: string): string {
  const { body } = JSON.parse(text) as { body: string }
  return Buffer.from(body, 'base64').toString()
}

async function rabbitWire(world: World): Promise<Wire> {
  const connection = new Connection(urlOf(world))
  const heard: string[] = []
  const consumer = connection.createConsumer(
    { queue: answers, queueOptions: { autoDelete: true }, noAck: true },
    async ({ body }) => void heard.push(Buffer.isBuffer(body) ? body.toString() : String(body)),
  )
  const publisher = connection.createPublisher({ confirm: true })
  await until(() => consumer.consumerTag || undefined, 'we listen for answers')
  return {
    send: (door, { body, contentType, headers }) =>
      publisher.send(
        {
          exchange: 'commissaire',
          routingKey: door.key,
          replyTo: answers,
          contentType,
          ...(headers && { headers }),
        },
        Buffer.from(body),
      ),
    sendBroken: async () => {},
    heard: async () => heard,
    async [Symbol.asyncDispose]() {
      await publisher.close()
      await consumer.close()
      await connection.close()
    },
  }
}

function urlOf({ busUrl }: World): string {
  assert.ok(busUrl, 'this world has its bus outside')
  return busUrl
}
