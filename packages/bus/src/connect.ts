/** Connects to a bus: chooses the transport by the scheme of the URL, and loads it and its client only then. */

import { openBus, type Bus } from './bus.ts'
import { Complaints } from './edge/complaints.ts'
import { BusError } from './errors.ts'
import { encodeError, readId, unknownId, type RpcId } from './rpc/json-rpc.ts'
import { defaultLogger, type Logger } from './logger.ts'
import { decodeBody } from './rpc/payload.ts'
import { firstServer } from './servers.ts'
import type { ReceivedMessage, TransportModule, TransportOptions } from './transport.ts'

/** The settings of a connection. */
export interface ConnectOptions {
  /** Default `commissaire`. */
  exchange?: string
  log?: Logger
  /** After how many milliseconds without activity a process loses the messages it holds; default 5000. */
  visibility?: number
  /** How many processes may die while they handle a message before it is set aside; default 5. */
  maxAttempts?: number
  /** How long a request waits for its answer when it gives no timeout, in milliseconds; default 10 000. */
  requestTimeout?: number
  /** The name of this connection in the broker's own tools; default `commissaire`. */
  clientName?: string
  /**
   * More transports, by the scheme of their URLs with its colon. One of the same scheme as a built-in one replaces it.
   * @example connect('my://host', { transports: { 'my:': () => import('./my-transport.ts') } })
   */
  transports?: Readonly<Record<string, LoadTransport>>
}

/** Loads the module of a transport. */
export type LoadTransport = () => Promise<TransportModule>

const redis = withClient('ioredis', () => import('./transports/redis.ts'))
const amqp = withClient('rabbitmq-client', () => import('./transports/amqp.ts'))
const nats = withClient('@nats-io/transport-node @nats-io/jetstream', () => import('./transports/nats.ts'))

const builtIn: Readonly<Record<string, LoadTransport>> = {
  'memory:': () => import('./transports/memory.ts'),
  'redis:': redis,
  'rediss:': redis,
  'amqp:': amqp,
  'amqps:': amqp,
  'nats:': nats,
  'tls:': nats,
  'nats+tls:': nats,
}

/**
 * Connects to the bus.
 * @example const bus = await connect('redis://127.0.0.1:6379')
 */
export async function connect(url: string, options: ConnectOptions = {}): Promise<Bus> {
  const { exchange = 'commissaire', log = defaultLogger, requestTimeout = 10_000 } = options
  const { parsed, load } = choose(url, { ...builtIn, ...options.transports })
  const transport = await load()
  const complaints = new Complaints(log)
  const settings: Omit<TransportOptions, 'onReply' | 'onBroadcast' | 'onState'> = {
    exchange,
    log,
    complaints,
    visibility: options.visibility ?? 5_000,
    maxAttempts: options.maxAttempts ?? 5,
    clientName: options.clientName ?? 'commissaire',
    abandonedReply,
  }
  return openBus((events) => transport.open(parsed, { ...settings, ...events }), {
    exchange,
    requestTimeout,
    log,
    complaints,
  })
}

function choose(
  address: string,
  transports: Readonly<Record<string, LoadTransport>>,
): { parsed: URL; load: LoadTransport } {
  const url = firstServer(address)
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  const load = parsed && Object.hasOwn(transports, parsed.protocol) ? transports[parsed.protocol] : undefined
  if (parsed && load) return { parsed, load }
  throw unknownScheme(parsed?.protocol, Object.keys(transports))
}

function unknownScheme(scheme: string | undefined, known: readonly string[]): Error {
  const found =
    scheme === undefined ? 'the address is not a URL' : `no transport is registered for "${scheme}//"`
  const list = known.map((one) => `${one}//`).join(', ')
  return new TypeError(`cannot connect to the bus: ${found}; known are ${list}`)
}

/** Names the packages to install when loading the transport fails because one is missing. */
function withClient(client: string, load: LoadTransport): LoadTransport {
  return async () => {
    try {
      return await load()
    } catch (cause) {
      if (!isMissing(cause, client)) throw cause
      const message = `cannot connect to the bus: the package ${client.replace(' ', ' or ')} is missing; run: npm install ${client}`
      throw new Error(message, { cause })
    }
  }
}

function isMissing(error: unknown, client: string): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false
  const names = client.split(' ').map((name) => `'${name}'`)
  return error.code === 'ERR_MODULE_NOT_FOUND' && names.some((name) => error.message.includes(name))
}

/** Writes the error reply to the caller of a message that the transport sets aside. */
const abandonedReply: TransportOptions['abandonedReply'] = (message, reason) => {
  const { replyTo, queue, routingKey } = message
  if (replyTo === undefined) return undefined
  const error = new BusError('Abandoned', reason, { data: { queue, routingKey } })
  return { queue: replyTo, body: encodeError(idIn(message), error) }
}

function idIn(message: ReceivedMessage): RpcId {
  if (message.fault) return unknownId
  try {
    return readId(decodeBody(message)) ?? unknownId
  } catch {
    return unknownId
  }
}
