/** The example of a transport passes the contract suite, using only what the package exports. */
import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { connect, type LoadTransport, type TransportOptions } from '@commissaire/bus'
import { checksFor, type HostileMessage, type World } from '@commissaire/bus/testing'
import { describe, expect, test, vi } from 'vitest'
import { startBroker } from '../../examples/transports/unix-socket/server.ts'
import { open } from '../../examples/transports/unix-socket/transport.ts'

const transports: Record<string, LoadTransport> = { 'unix:': async () => ({ open }) }
const log = { debug() {}, info() {}, warn() {}, error() {} }
const program = fileURLToPath(new URL('take-and-die.ts', import.meta.url))

/** The options of a transport without a bus. */
function bareOptions(onReply: (body: string) => void = () => {}): TransportOptions {
  const limits = { visibility: 5_000, maxAttempts: 5, clientName: 'test' }
  const events = { onReply, onBroadcast: () => {}, onState: () => {}, abandonedReply: () => undefined }
  return { exchange: 'commissaire', log, complaints: log, ...limits, ...events }
}

async function takeAndDie(url: string, queue: string): Promise<void> {
  const consumer = fork(program, [url, queue], { execArgv: ['--conditions=@commissaire/source'] })
  await once(consumer, 'message')
  consumer.kill('SIGKILL')
  await once(consumer, 'exit')
}

/** Publishes a message without the checks of a bus. */
async function inject(url: string, message: HostileMessage): Promise<boolean> {
  const { routingKey, body, contentType = '', headers = {}, replyTo } = message
  const transport = await open(new URL(url), bareOptions())
  const sent = { routingKey, body: body.toString(), contentType, ...(replyTo ? { replyTo } : {}) }
  // The types of the headers are what these messages violate.
  const queues = await transport.publish({ ...sent, headers: headers as Record<string, string> })
  await transport.close()
  return queues !== undefined && queues > 0
}

async function makeWorld(): Promise<World> {
  const directory = await mkdtemp(join(tmpdir(), 'commissaire-unix-'))
  const path = join(directory, 'bus.sock')
  const url = `unix://${path}`
  const server = await startBroker(path)
  const buses: AsyncDisposable[] = []
  return {
    async connect(options) {
      const bus = await connect(url, { ...options, transports })
      buses.push(bus)
      return bus
    },
    open: (onReply) => open(new URL(url), bareOptions(onReply)),
    takeAndDie: (queue) => takeAndDie(url, queue),
    inject: (_queue, message) => inject(url, message),
    unsettled: async (queue) => server.broker.unsettled(queue),
    inventory: async () => server.broker.inventory(),
    async [Symbol.asyncDispose]() {
      for (const bus of buses) await bus[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
      await rm(directory, { recursive: true })
    },
  }
}

describe('the contract on the transport of the examples', { timeout: 60_000 }, () => {
  for (const [name, check] of checksFor({ kills: true, restarts: false, injects: true }))
    test(name, () => check(makeWorld))
})

test('a transport that does not reconnect reports the loss of its broker, and rejects later calls', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'commissaire-unix-'))
  const path = join(directory, 'bus.sock')
  const server = await startBroker(path)
  const warn = vi.fn()
  await using bus = await connect(`unix://${path}`, { transports, log: { ...log, warn } })
  await server[Symbol.asyncDispose]()
  await vi.waitFor(() => assert.equal(bus.state, 'disconnected'))
  await assert.rejects(bus.request('simple.add'), { name: 'ConnectionLost' })
  expect(warn).toHaveBeenCalledTimes(1)
  await assert.rejects(
    connect(`unix://${path}`, { transports }),
    /cannot reach the broker at .*; is it running/,
  )
  await rm(directory, { recursive: true })
})
