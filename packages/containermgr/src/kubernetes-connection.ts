/**
 * One kept connection to a Kubernetes API server, with the client's credentials and verified TLS.
 *
 * The official client opens a new connection pool for every request; this keeps one, and drops it when the
 * server no longer knows us, so that renewed certificates on disk are read again.
 */
import { readFileSync } from 'node:fs'

import { CoreV1Api, createConfiguration, KubeConfig, ServerConfiguration } from '@kubernetes/client-node'
import type { Cluster, RequestContext, ResponseContext, User } from '@kubernetes/client-node'
import { type ContainerManagerConfig, type ContainerManagerOptions, verifiesTls } from '@commissaire/models'

import { containerManagerError } from './errors.ts'

/** Below the ten seconds that a caller on the bus waits, so that it hears the reason. */
const CALL_TIMEOUT = 8_000

type Dispatcher = NonNullable<ReturnType<RequestContext['getDispatcher']>>

/** Credentials, server and kept connection. */
export class KubernetesConnection {
  readonly server: string
  readonly #kubeConfig: KubeConfig
  #dispatcher: Dispatcher | undefined

  private constructor(kubeConfig: KubeConfig, server: string) {
    this.#kubeConfig = kubeConfig
    this.server = server
  }

  /** Reads the credentials; throws a container manager error when a file cannot be read. Nothing is sent yet. */
  static open({ name, options }: ContainerManagerConfig): KubernetesConnection {
    try {
      const kubeConfig = options.kubeconfig ? fromFile(options.kubeconfig) : fromOptions(options)
      const cluster = kubeConfig.getCurrentCluster()
      if (!cluster) throw new Error('it names no current context with a cluster')
      return new KubernetesConnection(kubeConfig, cluster.server.replace(/\/+$/, ''))
    } catch (error) {
      const what = options.kubeconfig ? `kubeconfig ${options.kubeconfig}` : 'credentials'
      const reason = error instanceof Error ? error.message : String(error)
      throw containerManagerError(`The ${what} of container manager "${name}" cannot be used: ${reason}`, {
        cause: error,
        data: { container_manager_name: name },
      })
    }
  }

  /** The node API, each call with this signal and a time limit. */
  api(signal?: AbortSignal): CoreV1Api {
    const limit = AbortSignal.timeout(CALL_TIMEOUT)
    const combined = signal ? AbortSignal.any([signal, limit]) : limit
    const configuration = createConfiguration({
      baseServer: new ServerConfiguration(this.server, {}),
      authMethods: {
        default: { getName: () => 'kubeconfig', applySecurityAuthentication: (c) => this.#authenticate(c) },
      },
      promiseMiddleware: [
        {
          pre: async (context) => (context.setSignal(combined), context),
          post: (context) => this.#noticeRefusal(context),
        },
      ],
    })
    return new CoreV1Api(configuration)
  }

  /** Closes the connection once what is under way has ended. */
  async close(): Promise<void> {
    const dispatcher = this.#dispatcher
    this.#dispatcher = undefined
    await dispatcher?.close()
  }

  async #authenticate(context: RequestContext): Promise<void> {
    await this.#kubeConfig.applySecurityAuthentication(context)
    this.#dispatcher ??= context.getDispatcher()
    if (this.#dispatcher) context.setDispatcher(this.#dispatcher)
  }

  async #noticeRefusal(context: ResponseContext): Promise<ResponseContext> {
    if (context.httpStatusCode === 401) this.#dispatcher = undefined
    return context
  }
}

function fromFile(path: string): KubeConfig {
  const kubeConfig = new KubeConfig()
  kubeConfig.loadFromFile(path)
  return kubeConfig
}

function fromOptions(options: ContainerManagerOptions): KubeConfig {
  const { certificate_path, certificate_key_path, certificate_ca_path } = options
  // The client reads them at the first call; a wrong path is to be told at once.
  for (const path of [certificate_path, certificate_key_path, certificate_ca_path])
    if (path) readFileSync(path)
  const kubeConfig = new KubeConfig()
  kubeConfig.loadFromClusterAndUser(clusterOf(options), userOf(options))
  return kubeConfig
}

/** The client insists on being told that plain http verifies nothing. */
function clusterOf(options: ContainerManagerOptions): Cluster {
  const { server_url: server = '', certificate_ca_path: caFile } = options
  const skipTLSVerify = !verifiesTls(options) || server.startsWith('http:')
  return { name: 'cluster', server, skipTLSVerify, ...(caFile ? { caFile } : {}) }
}

function userOf({ token, certificate_path, certificate_key_path }: ContainerManagerOptions): User {
  return {
    name: 'user',
    ...(token ? { token } : {}),
    ...(certificate_path ? { certFile: certificate_path } : {}),
    ...(certificate_key_path ? { keyFile: certificate_key_path } : {}),
  }
}
