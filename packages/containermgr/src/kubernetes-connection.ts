/**
 * One kept connection to a Kubernetes API server, with the client's credentials and verified TLS.
 *
 * The official client opens a new connection pool for every request; this keeps one, and drops it when the
 * server no longer knows us, so that credentials renewed on disk are read again.
 */
import { type Configuration, createConfiguration, ServerConfiguration } from '@kubernetes/client-node'
import type { KubeConfig, RequestContext, ResponseContext } from '@kubernetes/client-node'
import type { ContainerManagerConfig } from '@commissaire/models'

import { containerManagerError } from './errors.ts'
import { kubeConfigOf } from './kubernetes-credentials.ts'

/** Below the ten seconds that a caller on the bus waits, so that it hears the reason. */
const CALL_TIMEOUT = 8_000

type Dispatcher = NonNullable<ReturnType<RequestContext['getDispatcher']>>

/** One of the client's APIs, such as `CoreV1Api`. */
export type ApiClass<Api> = new (configuration: Configuration) => Api

/** Credentials, server and kept connection. */
export class KubernetesConnection {
  readonly server: string
  /** Whether the server has to prove who it is. Over plain http nobody proves anything, and that is seen in `server`. */
  readonly verifiesTls: boolean
  readonly #load: () => KubeConfig
  #kubeConfig: KubeConfig
  #dispatcher: Dispatcher | undefined
  /** Why the credentials could not be read again after the last refusal. */
  #reloadError: string | undefined

  private constructor(load: () => KubeConfig) {
    this.#load = load
    this.#kubeConfig = load()
    const cluster = this.#kubeConfig.getCurrentCluster()
    if (!cluster) throw new Error('it names no current context with a cluster')
    this.server = cluster.server.replace(/\/+$/, '')
    this.verifiesTls = !cluster.skipTLSVerify || this.server.startsWith('http:')
  }

  /** Reads the credentials; throws a container manager error when a file cannot be read. Nothing is sent yet. */
  static open({ name, options }: ContainerManagerConfig): KubernetesConnection {
    try {
      return new KubernetesConnection(() => kubeConfigOf(options))
    } catch (error) {
      const what = options.kubeconfig ? `kubeconfig ${options.kubeconfig}` : 'credentials'
      const reason = error instanceof Error ? error.message : String(error)
      throw containerManagerError(`The ${what} of container manager "${name}" cannot be used: ${reason}`, {
        cause: error,
        data: { container_manager_name: name },
      })
    }
  }

  /** A connection with the credentials of somebody's own. */
  static of(kubeConfig: KubeConfig): KubernetesConnection {
    return new KubernetesConnection(() => kubeConfig)
  }

  /** An API of the client, each call of it with this signal and a time limit. */
  api<Api>(Api: ApiClass<Api>, signal?: AbortSignal): Api {
    const configuration = createConfiguration({
      baseServer: new ServerConfiguration(this.server, {}),
      authMethods: {
        default: { getName: () => 'kubeconfig', applySecurityAuthentication: (c) => this.#authenticate(c) },
      },
      promiseMiddleware: [
        {
          pre: async (context) => (context.setSignal(limited(signal)), context),
          post: (context) => this.#noticeRefusal(context),
        },
      ],
    })
    return new Api(configuration)
  }

  /** Why the credentials could not be read again after the server refused them; undefined when they could. */
  get reloadError(): string | undefined {
    return this.#reloadError
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
    if (context.httpStatusCode !== 401) return context
    this.#dispatcher = undefined
    try {
      this.#kubeConfig = this.#load()
      this.#reloadError = undefined
    } catch (cause) {
      // The files may just be being replaced: the previous credentials stay until the next refusal, whose error has this cause.
      this.#reloadError = cause instanceof Error ? cause.message : String(cause)
    }
    return context
  }
}

function limited(signal: AbortSignal | undefined): AbortSignal {
  const limit = AbortSignal.timeout(CALL_TIMEOUT)
  return signal ? AbortSignal.any([signal, limit]) : limit
}
