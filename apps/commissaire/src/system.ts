/**
 * The whole system in one process: a bus, the five services and the server on it, and one pool of connections to hosts.
 *
 * What is opened is closed in the opposite order: first nobody is let in any more, then what is in hand is finished.
 */
import { hostname } from 'node:os'

import type { Bus, Logger } from '@commissaire/bus'
import type { RemotePool } from '@commissaire/hosts'
import { type PluginConfiguration, type RunningServer, startServer } from '@commissaire/server'
import { type CommissaireService, openBus } from '@commissaire/service'
import {
  ClusterexecService,
  ContainerManagerService,
  InvestigatorService,
  openHostPool,
  StorageService,
  WatcherService,
} from '@commissaire/services'
import { Registry } from 'prom-client'
import type { DataFolder } from './data-folder.ts'
import type { SystemSettings } from './settings.ts'

/** A running system. */
export interface System extends AsyncDisposable {
  /** Where the server listens. */
  readonly url: string
}

/** Starts everything; when a part does not start, what was started is closed again. */
export async function startSystem(
  folder: DataFolder,
  settings: SystemSettings,
  { log, configFile }: { log: Logger; configFile?: string | undefined },
): Promise<System> {
  await using opened = new AsyncDisposableStack()
  const { bus_uri: uri, bus_exchange: exchange } = settings
  const bus = opened.use(await openBus({ connectionUrl: uri, exchangeName: exchange }, log))
  const metrics = new Registry()
  const pool = opened.adopt(openHostPool({ sshLimit: settings.ssh_limit, metrics }), (each) => each.close())
  const means = { bus, log, metrics, configFile, pool }
  for (const service of makeServices(folder, settings, means)) {
    opened.use(service)
    await service.start()
  }
  const server = opened.use(await serve(folder, settings, { bus, log, metrics }))
  const all = opened.move()
  return { url: server.url, [Symbol.asyncDispose]: () => all.disposeAsync() }
}

/** What all parts stand on. */
interface Means {
  readonly bus: Bus
  readonly log: Logger
  readonly metrics: Registry
}

/** In the order in which they need each other. */
function makeServices(
  { path, sealingKey }: DataFolder,
  settings: SystemSettings,
  { configFile, ...means }: Means & { pool: RemotePool; configFile: string | undefined },
): CommissaireService[] {
  // The lock of the data folder keeps it from being two processes at a time.
  const owner = `${hostname()}:${path}`
  const onHosts = { ...means, sshPort: settings.ssh_port }
  const reboot = { returnWithin: settings.return_timeout * 1000, settleTime: settings.settle_time * 1000 }
  const storage = {
    storage: { storage_handlers: settings.storage_handlers },
    ...(configFile && { configFile }),
  }
  return [
    new StorageService({ ...means, ...storage, dataDir: path, keyFile: sealingKey }),
    new ContainerManagerService(means),
    new InvestigatorService(onHosts),
    new ClusterexecService({ ...onHosts, reboot, lease: settings.lease * 1000, owner }),
    new WatcherService({
      ...onHosts,
      interval: settings.watch_interval * 1000,
      stuckAfter: settings.stuck_after * 1000,
    }),
  ]
}

function serve(folder: DataFolder, settings: SystemSettings, means: Means): Promise<RunningServer> {
  const own: PluginConfiguration[] = [{ name: 'httpbasicauth', filepath: folder.users }]
  const { authentication_plugins: asked } = settings
  return startServer({
    ...means,
    listenInterface: settings.listen_interface,
    listenPort: settings.listen_port,
    tls: { pemfile: settings.tls_pemfile, clientverifyfile: settings.tls_clientverifyfile },
    authenticationPlugins: asked.length > 0 ? asked : own,
    selfAuths: settings.self_auths,
    busCalls: settings.bus_calls,
    maxRequests: settings.max_requests,
    webhooks: settings.webhooks,
  })
}
