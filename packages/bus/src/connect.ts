/** From a URL to a bus: chooses the transport by scheme, and loads its client only then. */

import { openBus, type Bus } from './bus.ts'
import { BusError } from './errors.ts'
import { encodeError, readId, unknownId, type RpcId } from './rpc/json-rpc.ts'
import { defaultLogger, type Logger } from './logger.ts'
import { decodeBody } from './rpc/payload.ts'
import { firstServer } from './servers.ts'
import type { Received, TransportModule, TransportOptions } from './transport.ts'

/** How to connect. */
export interface ConnectOptions {
  /** Default `commissaire`. */
  exchange?: string
  log?: Logger
  /** After how many milliseconds without a sign of life a process loses the messages it holds; default 5000. */
  visibility?: number
  /** How many processes a message may end before it is set aside; default 5. */
  maxAttempts?: number
  /** How long a request waits for its answer where it does not say, in milliseconds; default 10 000. */
  requestTimeout?: number
  /** How the broker's own tools name this connection; default `commissaire`. */
  clientName?: string
}

const redis = (): Promise<TransportModule> => import('./transports/redis.ts')
const amqp = (): Promise<TransportModule> => import('./transports/amqp.ts')
const nats = (): Promise<TransportModule> => import('./transports/nats.ts')
const natsClient = '@nats-io/transport-node @nats-io/jetstream'

const transports: Record<string, { client?: string; load: () => Promise<TransportModule> }> = {
  'memory:': { load: () => import('./transports/memory.ts') },
  'redis:': { client: 'ioredis', load: redis },
  'rediss:': { client: 'ioredis', load: redis },
  'amqp:': { client: 'rabbitmq-client', load: amqp },
  'amqps:': { client: 'rabbitmq-client', load: amqp },
  'nats:': { client: natsClient, load: nats },
  'tls:': { client: natsClient, load: nats },
  'nats+tls:': { client: natsClient, load: nats },
}

/**
 * Connects to the bus.
 * @example const bus = await connect('redis://127.0.0.1:6379')
 */
export async function connect(url: string, options: ConnectOptions = {}): Promise<Bus> {
  const { exchange = 'commissaire', log = defaultLogger, requestTimeout = 10_000 } = options
  const parsed = parse(url)
  const transport = await load(parsed)
  const settings: Omit<TransportOptions, 'onReply' | 'onBroadcast' | 'onState'> = {
    exchange,
    log,
    visibility: options.visibility ?? 5_000,
    maxAttempts: options.maxAttempts ?? 5,
    clientName: options.clientName ?? 'commissaire',
    obituary,
  }
  return openBus((events) => transport.open(parsed, { ...settings, ...events }), {
    exchange,
    requestTimeout,
    log,
  })
}

function parse(address: string): URL {
  const url = firstServer(address)
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed && Object.hasOwn(transports, parsed.protocol)) return parsed
  throw unknownScheme(parsed?.protocol)
}

function unknownScheme(scheme: string | undefined): Error {
  const known = Object.keys(transports).map((scheme) => `${scheme}//`)
  const found = scheme === undefined ? 'what was given is no URL' : `"${scheme}//" is no known kind of bus`
  return new TypeError(`cannot connect to the bus: ${found}; known are ${known.join(', ')}`)
}

async function load(url: URL): Promise<TransportModule> {
  const { client, load } = transports[url.protocol] ?? {}
  try {
    if (!load) throw unknownScheme(url.protocol)
    return await load()
  } catch (cause) {
    if (!client || !isMissing(cause, client)) throw cause
    const message = `cannot connect to ${url.protocol}// because the package ${client.replace(' ', ' or ')} is missing; run: npm install ${client}`
    throw new Error(message, { cause })
  }
}

function isMissing(error: unknown, client: string): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false
  const names = client.split(' ').map((name) => `'${name}'`)
  return error.code === 'ERR_MODULE_NOT_FOUND' && names.some((name) => error.message.includes(name))
}

/** The answer to the caller of a message that was given up on. */
const obituary: TransportOptions['obituary'] = (message, reason) => {
  const { replyTo, queue, routingKey } = message
  if (replyTo === undefined) return undefined
  const error = new BusError('Abandoned', reason, { data: { queue, routingKey } })
  return { queue: replyTo, body: encodeError(idIn(message), error) }
}

function idIn(message: Received): RpcId {
  try {
    return readId(decodeBody(message)) ?? unknownId
  } catch {
    return unknownId
  }
}
