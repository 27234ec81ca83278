/** Reads the options of a connection to NATS from its URL. */

import type { NodeConnectionOptions } from '@nats-io/transport-node'
import { serversOf } from '../../servers.ts'
import { tlsOf, type TlsOptions } from '../tls.ts'

/** The servers, the credentials and the options of a connection. */
export interface Address {
  /** The servers, for messages. */
  readonly servers: string
  /** The kind of login, for messages; without secrets. */
  readonly login: string
  /** How many servers of a cluster store each message. */
  readonly replicas: number
  readonly options: NodeConnectionOptions
}

const defaultPort = 4222
/** How long one attempt to connect may take, in milliseconds. */
const connectTimeout = 5_000
/** Milliseconds between pings. Two unanswered pings end a dead connection that TCP does not report for hours. */
const pingInterval = 5_000

/** Reads a URL such as `nats://user:password@a:4222`, `nats://token@a` or `tls://a/?ca=/etc/ca.pem&replicas=3`. */
export function readAddress(url: URL, clientName: string): Address {
  const servers = serversOf(url, defaultPort)
  const options: NodeConnectionOptions = {
    servers,
    name: clientName,
    timeout: connectTimeout,
    pingInterval: pingInterval,
    maxPingOut: 2,
    maxReconnectAttempts: -1,
    reconnectDelayHandler: backoff(),
    // While a password is being changed, it may be wrong for a moment.
    ignoreAuthErrorAbort: true,
    noAsyncTraces: true,
    ...credentials(url),
    ...tlsSettings(url),
  }
  return { servers: servers.join(', '), login: loginOf(url), replicas: replicasOf(url), options }
}

function credentials({ username, password }: URL): NodeConnectionOptions {
  const user = decodeURIComponent(username)
  if (user === '') return {}
  return password === '' ? { token: user } : { user, pass: decodeURIComponent(password) }
}

function loginOf({ username, password }: URL): string {
  if (username === '') return 'without a name and password'
  return password === '' ? 'with the token of the URL' : `as "${decodeURIComponent(username)}"`
}

/** With `nats://`, TLS is used when the server requires it; with the other schemes it is always required. */
function tlsSettings(url: URL): { tls?: TlsOptions } {
  const rest = new URL(url)
  for (const name of ['server', 'replicas']) rest.searchParams.delete(name)
  const tls = tlsOf(rest, ['tls:', 'nats+tls:'])
  if (!tls) return {}
  if (url.searchParams.has('servername')) return { tls }
  // Each of several servers has its own name.
  const { servername: _first, ...files } = tls
  return { tls: files }
}

function replicasOf(url: URL): number {
  const replicas = url.searchParams.get('replicas') ?? '1'
  if (/^[1-5]$/.test(replicas)) return Number(replicas)
  throw new Error(
    `cannot connect to ${url.host}: replicas=${replicas} in the URL must be a number from 1 to 5`,
  )
}

/** Returns the delay before each attempt to reconnect: it doubles up to two seconds, with jitter. */
function backoff(): () => number {
  let last = 0
  let delay = firstDelay
  return () => {
    delay = Date.now() - last > backoffReset ? firstDelay : Math.min(2_000, delay * 2)
    last = Date.now()
    return delay * (0.5 + Math.random() / 2)
  }
}

const firstDelay = 50
const backoffReset = 10_000
