/**
 * The server as a whole: an app that listens, and lets go in the right order.
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

/** What a server is told. */
export interface ServerOptions {
  /** Stays open when the server closes: who opened it closes it. */
  readonly bus: Bus
  readonly log: Logger
  /** Default: every interface. */
  readonly listenInterface?: string
  /** Default 8000; 0 for any free one. */
  readonly listenPort?: number
  readonly tls?: TlsFiles
  /** Default none: everything is denied. */
  readonly authenticationPlugins?: readonly PluginConfiguration[]
  readonly selfAuths?: readonly string[]
  /** Whether operators may call any method of any service; default false. */
  readonly busCalls?: boolean
  /** Whom to tell what becomes of operations; default nobody. */
  readonly webhooks?: readonly WebhookSettings[]
  /** The registry of Prometheus metrics to count in; default one of its own. */
  readonly metrics?: Registry
  /** How many milliseconds `close` waits for the requests in hand; default 10 000. */
  readonly drainTimeout?: number
}

/** A server that listens. */
export interface RunningServer extends AsyncDisposable {
  readonly url: string
  /** Takes no further request, finishes those in hand within the time limit, and closes. May be called twice. */
  close(): Promise<void>
}

/** What the configuration names, read and opened. */
export interface PreparedServer {
  readonly tls: ReturnType<typeof readTls>
  readonly auth: Authentication
}

/** Reads the files and opens the plugins: whatever is wrong with the settings shows before anything is connected. */
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

/** Starts a server; resolves when it listens. */
export async function startServer(options: ServerOptions, prepared?: PreparedServer): Promise<RunningServer> {
  const { bus, log, listenInterface = '0.0.0.0', listenPort = 8000, drainTimeout = 10_000 } = options
  const { selfAuths = [], busCalls = false, metrics, webhooks: hooks = [] } = options
  const { tls, auth } = prepared ?? (await prepareServer(options, { log }))
  warnOfOpenDoors(selfAuths, log)
  const storage = new StorageClient(bus)
  const app = createApp({
    bus,
    storage,
    auth,
    log,
    selfAuths,
    busCalls,
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
  log.info({ url }, 'The server listens')
  let closing: Promise<void> | undefined
  const closeAll = async (): Promise<void> => {
    await Promise.all([webhooks?.close(), drain(app, drainTimeout)])
  }
  const close = (): Promise<void> => (closing ??= closeAll())
  return { url, close, [Symbol.asyncDispose]: close }
}

async function drain(app: FastifyInstance, limit: number): Promise<void> {
  const late = setTimeout(() => app.server.closeAllConnections(), limit)
  try {
    await app.close()
  } finally {
    clearTimeout(late)
  }
}

function urlOf(app: FastifyInstance, { secure }: { secure: boolean }): string {
  const bound = app.server.address()
  if (bound === null || typeof bound === 'string') return String(bound)
  const host = bound.family === 'IPv6' ? `[${bound.address}]` : bound.address
  return `${secure ? 'https' : 'http'}://${host}:${bound.port}`
}

function warnOfOpenDoors(selfAuths: readonly string[], log: Logger): void {
  if (selfAuths.length === 0) return
  log.warn(
    { selfAuths },
    'No authentication plugin is asked about these paths: they have to authenticate themselves',
  )
}
