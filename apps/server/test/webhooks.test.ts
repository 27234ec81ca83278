/** Webhooks against real receivers: that fail, are slow, are away, and check signatures. */
import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Bus, connect } from '@commissaire/bus'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { WebhookLimits } from '../src/webhooks/webhook.ts'
import { webhookEvents, type WebhookSettings } from '../src/webhooks/webhook-settings.ts'
import { openWebhooks } from '../src/webhooks/webhooks.ts'
import { recordingLog } from './world.ts'

const secret = 'a secret of some length'
const quick = { initialDelay: 20, maxDelay: 50, timeout: 300, giveUpAfter: 5000 }

interface Post {
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** A receiver that answers as it is told: with a status, or not at all. */
class Receiver implements AsyncDisposable {
  readonly posts: Post[] = []
  answer: (post: Post) => number | 'nothing' = () => 204
  readonly #server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      const post = { headers: request.headers, body }
      this.posts.push(post)
      const status = this.answer(post)
      if (status === 'nothing') return
      response.writeHead(status, status === 302 ? { location: '/elsewhere' } : {}).end()
    })
  })

  async listen(port = 0): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve))
    return `http://127.0.0.1:${this.port}/hook`
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  ids(): string[] {
    return this.posts.map(({ headers }) => String(headers['commissaire-id']))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

let bus: Bus
let url: string
const open: { close(): Promise<void> }[] = []

beforeEach(async () => {
  url = `memory://${randomUUID()}`
  bus = await connect(url, { log: recordingLog().log })
  open.push(bus)
})

afterEach(async () => {
  for (const one of open.splice(0).toReversed()) await one.close()
})

async function serve(
  hooks: readonly { url: string; events?: WebhookSettings['events'] }[],
  { limits = {}, on = bus }: { limits?: WebhookLimits; on?: Bus } = {},
) {
  const { log, lines } = recordingLog()
  const settings = hooks.map((hook) => ({ secret, events: [...webhookEvents], ...hook }))
  const webhooks = await openWebhooks(settings, { bus: on, log, limits: { ...quick, ...limits } })
  open.push(webhooks)
  return { webhooks, lines }
}

const tell = (id: string, event = 'operation.finished') =>
  bus.publish(`notify.${event}`, { id, event, operation: { id: 'upgrade-web-1' } })

const wait = (check: () => void) => vi.waitFor(check, { timeout: 10_000 })

/** As the manual tells receivers to check. */
function isGenuine({ headers, body }: Post): boolean {
  const [, time = '', given = ''] =
    /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['commissaire-signature'])) ?? []
  const expected = createHmac('sha256', secret).update(`${time}.${body}`).digest()
  return (
    timingSafeEqual(expected, Buffer.from(given, 'hex')) && Math.abs(Date.now() / 1000 - Number(time)) < 300
  )
}

test('an event is sent once, signed, with its id and name', async () => {
  await using receiver = new Receiver()
  await serve([{ url: await receiver.listen() }])
  await tell('one')
  await wait(() => expect(receiver.posts).toHaveLength(1))
  const [post] = receiver.posts as [Post]
  expect(isGenuine(post)).toBe(true)
  expect(isGenuine({ ...post, body: `${post.body} ` })).toBe(false)
  expect(post.headers).toMatchObject({
    'commissaire-id': 'one',
    'commissaire-event': 'operation.finished',
    'content-type': 'application/json',
  })
  expect(JSON.parse(post.body)).toMatchObject({
    event: 'operation.finished',
    operation: { id: 'upgrade-web-1' },
  })
})

test('only what is asked for is sent', async () => {
  await using receiver = new Receiver()
  await serve([{ url: await receiver.listen(), events: ['operation.host_failed', 'operation.paused'] }])
  for (const event of webhookEvents) await tell(event, event)
  await bus.publish('notify.operation.output', { operation: 'x' }, { persistent: false })
  await wait(() => expect(receiver.ids()).toEqual(['operation.paused', 'operation.host_failed']))
})

test('one that fails, is slow or asks for patience is tried again, and the order is kept', async () => {
  await using receiver = new Receiver()
  const answers = [500, 'nothing', 429, 204, 503, 204] as const
  receiver.answer = () => answers[receiver.posts.length - 1] ?? 204
  await serve([{ url: await receiver.listen() }])
  await tell('one')
  await tell('two')
  await wait(() => expect(receiver.ids()).toEqual(['one', 'one', 'one', 'one', 'two', 'two']))
  expect(receiver.posts.every(isGenuine)).toBe(true)
})

test('one that is away gets it when it is there', async () => {
  const gone = new Receiver()
  const address = await gone.listen()
  const { port } = gone
  await gone[Symbol.asyncDispose]()
  const { lines } = await serve([{ url: address }])
  await tell('one')
  await wait(() => expect(lines.filter(({ level }) => level === 'debug').length).toBeGreaterThan(2))
  await using back = new Receiver()
  await back.listen(port)
  await wait(() => expect(back.ids()).toEqual(['one']))
})

test('what is refused, leads elsewhere, or takes too long is given up, and said in the log without the path', async () => {
  await using receiver = new Receiver()
  const answers: Record<string, number> = { refused: 404, elsewhere: 302, late: 500 }
  receiver.answer = ({ headers }) => answers[String(headers['commissaire-id'])] ?? 204
  const address = await receiver.listen()
  const { lines } = await serve([{ url: `${address}/token-in-path` }], { limits: { giveUpAfter: 200 } })
  for (const id of ['refused', 'elsewhere', 'late', 'well']) await tell(id)
  await wait(() => expect(receiver.ids().at(-1)).toBe('well'))
  const errors = lines.filter(({ level }) => level === 'error')
  expect(errors.map(({ facts }) => [facts['id'], facts['why']])).toEqual([
    ['refused', 'it answered 404'],
    ['elsewhere', 'it answered 302'],
    ['late', 'it answered 500'],
  ])
  expect(receiver.ids().filter((id) => id === 'elsewhere')).toHaveLength(1)
  expect(JSON.stringify(lines)).not.toContain('token-in-path')
})

test('one that is away holds up no other, and what waits for it is bounded', async () => {
  await using stuck = new Receiver()
  await using well = new Receiver()
  stuck.answer = () => 'nothing'
  const hooks = [{ url: await stuck.listen() }, { url: await well.listen() }]
  const { lines } = await serve(hooks, { limits: { timeout: 20_000, maxQueued: 3 } })
  for (let index = 1; index <= 10; index++) {
    await tell(`event-${index}`)
    await wait(() => expect(well.posts).toHaveLength(index))
  }
  expect(stuck.posts).toHaveLength(1)
  expect(lines.filter(({ level }) => level === 'error')).toHaveLength(7)
}, 15_000)

test('of several servers one sends it; what one that closes has not delivered, another does', async () => {
  await using receiver = new Receiver()
  const address = await receiver.listen()
  const other = await connect(url, { log: recordingLog().log })
  open.push(other)
  const first = await serve([{ url: address }])
  await serve([{ url: address }], { on: other })
  for (let index = 0; index < 20; index++) await tell(`event-${index}`)
  await wait(() => expect(receiver.posts).toHaveLength(20))
  expect(new Set(receiver.ids()).size).toBe(20)
  receiver.answer = () => 500
  for (let index = 0; index < 4; index++) await tell(`late-${index}`)
  await wait(() => expect(receiver.posts.length).toBeGreaterThan(24))
  await first.webhooks.close()
  receiver.answer = () => 204
  const from = receiver.posts.length
  await wait(() =>
    expect([...new Set(receiver.ids().slice(from))].toSorted()).toEqual([
      'late-0',
      'late-1',
      'late-2',
      'late-3',
    ]),
  )
}, 20_000)
