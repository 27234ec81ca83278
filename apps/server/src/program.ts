/**
 * The program `commissaire-server`: runs the server in its own process with its own connection to the bus.
 */
import {
  CommissaireService,
  connectionOf,
  defineProgram,
  notifySystemd,
  type ServiceOptions,
} from '@commissaire/service'
import { ServerSettings, serverFlags } from './configuration.ts'
import { prepareServer, type RunningServer, type ServerOptions, startServer } from './server.ts'
import { version } from './version.ts'

type Options = ServiceOptions & { readonly server: Omit<ServerOptions, 'bus' | 'log' | 'metrics'> }

/** A service without queues: it serves HTTP and only sends requests on the bus. */
class RestServer extends CommissaireService<Options> {
  #server: RunningServer | undefined

  override async start(): Promise<void> {
    const { log, metrics } = this
    const { server } = this.options
    const prepared = await prepareServer(server, { log })
    await super.start()
    try {
      this.#server = await startServer({ ...server, bus: this.bus, log, metrics }, prepared)
    } catch (error) {
      await this.close()
      throw error
    }
  }

  override async close(): Promise<void> {
    try {
      await this.#server?.close()
    } finally {
      await super.close()
    }
  }
}

/** The program. */
export const program = defineProgram({
  name: 'commissaire-server',
  description: 'Serves the REST API of Commissaire.',
  version,
  configFile: '/etc/commissaire/commissaire.conf',
  schema: ServerSettings,
  flags: serverFlags,
  examples: [
    'commissaire-server -c /etc/commissaire/commissaire.conf',
    'commissaire-server -p 8080 --authentication-plugin httpbasicauth:filepath=/etc/commissaire/users.json',
  ],
  run: async (settings, { log }) => {
    const server = {
      listenInterface: settings.listen_interface,
      listenPort: settings.listen_port,
      tls: { pemfile: settings.tls_pemfile, clientverifyfile: settings.tls_clientverifyfile },
      authenticationPlugins: settings.authentication_plugins,
      selfAuths: settings.self_auths,
      busCalls: settings.bus_calls,
      maxRequests: settings.max_requests,
      webhooks: settings.webhooks,
    }
    const service = new RestServer({ ...connectionOf(settings), log, server })
    await service.run({ onReady: () => void notifySystemd(log, 'READY=1', 'Serving requests') })
  },
})
