/**
 * Starts and stops the server: the app, its port and the webhooks.
 */
import type { Bus, Logger } from '@commissaire/bus'
import { StorageClient } from '@commissaire/storage'
import type { FastifyInstance } from 'fastify'
import type { Registry } from 'prom-client'
import { createApp } from './http/app.ts'
import { type Authentication, openAuthentication } from './auth/authentication.ts'
import type { PluginConfiguration } from './auth/plugin-loader.ts'
import { listen } from './http/listening.ts'
import { readTls, type TlsFiles } from './http/tls.ts'
import { openWebhooks, type RunningWebhooks } from './webhooks/webhooks.ts'
import type { WebhookSettings } from './webhooks/webhook-settings.ts'

/** The options of a server. */
export interface ServerOptions {
  /** Is not closed with the server. */
  readonly bus: Bus
  readonly log: Logger
  /** Default: every interface. */
  readonly listenInterface?: string
  /** Default 8000; 0 for any free port. */
  readonly listenPort?: number
  readonly tls?: TlsFiles
  /** Default none: every request is denied. */
  readonly authenticationPlugins?: readonly PluginConfiguration[]
  readonly selfAuths?: readonly string[]
  /** Whether admins may call any method of any service; default false. */
  readonly busCalls?: boolean
  /** How many requests are worked on at a time; default 128. */
  readonly maxRequests?: number
  /** Where to send the events of operations; default nowhere. */
  readonly webhooks?: readonly WebhookSettings[]
  /** The registry of Prometheus metrics; default a new one. */
  readonly metrics?: Registry
  /** How many milliseconds `close` waits for requests in progress; default 10 000. */
  readonly drainTimeout?: number
}

/** A running server. */
export interface RunningServer extends AsyncDisposable {
  readonly url: string
  /** Stops listening, waits for requests in progress within the time limit, and closes. Idempotent. */
  close(): Promise<void>
}

/** The TLS files and authentication plugins, read and opened. */
export interface PreparedServer {
  readonly tls: ReturnType<typeof readTls>
  readonly auth: Authentication
}

/** Reads the files and opens the plugins, so that faults of the settings show before anything is connected. */
export async function prepareServer(
  { tls: files = {}, authenticationPlugins = [] }: Pick<ServerOptions, 'tls' | 'authenticationPlugins'>,
  { log }: { log: Logger },
): Promise<PreparedServer> {
  const tls = readTls(files)
  const auth = await openAuthentication(authenticationPlugins, {
    log,
    verifiesClients: tls?.ca !== undefined,
  })
  return { tls, auth }
}

/** Starts a server. Resolves when it listens. */
export async function startServer(options: ServerOptions, prepared?: PreparedServer): Promise<RunningServer> {
  const { bus, log, listenInterface = '0.0.0.0', listenPort = 8000, drainTimeout = 10_000 } = options
  const { selfAuths = [], busCalls = false, metrics, webhooks: hooks = [] } = options
  const { tls, auth } = prepared ?? (await prepareServer(options, { log }))
  warnAboutSelfAuths(selfAuths, log)
  const storage = new StorageClient(bus)
  const app = createApp({
    bus,
    storage,
    auth,
    log,
    selfAuths,
    busCalls,
    maxRequests: options.maxRequests,
    ...(tls && { tls }),
    ...(metrics && { metrics }),
  })
  let webhooks: RunningWebhooks | undefined
  try {
    await listen(app, { host: listenInterface, port: listenPort })
    if (hooks.length > 0) webhooks = await openWebhooks(hooks, { bus, log })
  } catch (error) {
    await app.close()
    throw error
  }
  const url = urlOf(app, { secure: tls !== undefined })
  log.info({ url }, 'The server is listening')
  let closing: Promise<void> | undefined
  const closeAll = async (): Promise<void> => {
    await Promise.all([webhooks?.close(), drain(app, drainTimeout)])
  }
  const close = (): Promise<void> => (closing ??= closeAll())
  return { url, close, [Symbol.asyncDispose]: close }
}

async function drain(app: FastifyInstance, limit: number): Promise<void> {
  const timer = setTimeout(() => app.server.closeAllConnections(), limit)
  try {
    await app.close()
  } finally {
    clearTimeout(timer)
  }
}

function urlOf(app: FastifyInstance, { secure }: { secure: boolean }): string {
  const bound = app.server.address()
  if (bound === null || typeof bound === 'string') return String(bound)
  const host = bound.family === 'IPv6' ? `[${bound.address}]` : bound.address
  return `${secure ? 'https' : 'http'}://${host}:${bound.port}`
}

function warnAboutSelfAuths(selfAuths: readonly string[], log: Logger): void {
  if (selfAuths.length === 0) return
  log.warn({ selfAuths }, 'Requests to these paths are not authenticated by the server')
}
