/**
 * The three APIs of the official client that a drain uses, and the time limit of each call.
 */
import {
  ApiException,
  AppsV1Api,
  type ConfigurationOptions,
  CoreV1Api,
  createConfiguration,
  type KubeConfig,
  PolicyV1Api,
} from '@kubernetes/client-node'

import { KubernetesConnection } from '../kubernetes-connection.ts'

/** The APIs, as `kubeConfig.makeApiClient` makes them. */
export interface NodeApis {
  readonly core: CoreV1Api
  readonly policy: PolicyV1Api
  readonly apps: AppsV1Api
}

/** What drains nodes needs to reach the cluster: a KubeConfig, or the client's APIs. */
export type ClusterAccess = KubeConfig | NodeApis

/** One call may take this long, whatever else is waited for. */
const CALL_TIMEOUT = 30_000

/** The APIs, and what closes them. With a KubeConfig one connection is kept; given APIs are somebody else's to close. */
export function openApis(access: ClusterAccess): { apis: NodeApis; close: () => Promise<void> } {
  if ('core' in access) return { apis: access, close: () => Promise.resolve() }
  const connection = KubernetesConnection.of(access)
  return { apis: apisOf(connection), close: () => connection.close() }
}

/** The APIs over one kept connection. */
export function apisOf(connection: KubernetesConnection): NodeApis {
  return {
    core: connection.api(CoreV1Api),
    policy: connection.api(PolicyV1Api),
    apps: connection.api(AppsV1Api),
  }
}

/** Options of the client for one call: a signal, a time limit and, for a patch, its content type. */
export function calling(signal: AbortSignal | undefined, contentType?: string): ConfigurationOptions {
  const limit = AbortSignal.timeout(CALL_TIMEOUT)
  const combined = signal ? AbortSignal.any([signal, limit]) : limit
  const { middleware } = createConfiguration({
    promiseMiddleware: [
      {
        pre: async (context) => {
          context.setSignal(combined)
          if (contentType) context.setHeaderParam('Content-Type', contentType)
          return context
        },
        post: async (context) => context,
      },
    ],
  })
  return { middleware, middlewareMergeStrategy: 'append' }
}

/** True when the API server answered with that HTTP status. */
export function hasStatus(error: unknown, status: number): boolean {
  return error instanceof ApiException && error.code === status
}

/** What the server said of why it refused. */
export interface Refusal {
  readonly message: string
  readonly causes: readonly { readonly reason?: string; readonly message?: string }[]
}

/** Reads the Status object of a refusal; anything else is told as it is. */
export function refusalOf(error: unknown): Refusal {
  const fallback = { message: rootOf(error), causes: [] }
  if (!(error instanceof ApiException)) return fallback
  const body: unknown = error.body
  try {
    const status: { message?: string; details?: { causes?: Refusal['causes'] } } =
      typeof body === 'string' ? JSON.parse(body) : body
    return { message: status.message ?? fallback.message, causes: status.details?.causes ?? [] }
  } catch {
    return fallback
  }
}

/** A failed `fetch` says what it was only in its cause. */
function rootOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? rootOf(error.cause) : error.message
}
