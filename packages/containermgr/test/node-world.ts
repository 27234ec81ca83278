/** A cluster of one node on a double of an API server, and what can be done with its nodes. */
import { KubeConfig } from '@kubernetes/client-node'

import { type DrainEvent, NodeOperations } from '../src/drain/index.ts'
import { ApiServerDouble } from '../src/testing/index.ts'

/** As quick as tests want it. */
export const quick = { retryDelay: 20, pollInterval: 20 }

/** Both, closed together. */
export class World implements AsyncDisposable {
  readonly server: ApiServerDouble
  readonly nodes: NodeOperations

  constructor(server: ApiServerDouble) {
    this.server = server
    this.nodes = NodeOperations.of(kubeConfigOf(server))
  }

  static async open(): Promise<World> {
    const world = new World(await ApiServerDouble.start())
    world.cluster.addNode('n1', { bootID: 'boot-1' })
    return world
  }

  get cluster() {
    return this.server.cluster
  }

  get writes(): string[] {
    return this.server.requests.filter((line) => !line.startsWith('GET'))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.nodes.close()
    await this.server[Symbol.asyncDispose]()
  }
}

/** What the official client takes to reach it, as nobody in particular. */
export function kubeConfigOf({ url: server }: ApiServerDouble): KubeConfig {
  const kubeConfig = new KubeConfig()
  kubeConfig.loadFromClusterAndUser({ name: 'c', server, skipTLSVerify: true }, { name: 'u' })
  return kubeConfig
}

/** A pod of the web application on the node. */
export const web = { node: 'n1', labels: { app: 'web' } }
/** Whom a budget of that application is about. */
export const ofWeb = { matchLabels: { app: 'web' } }

/** Drains until it is told that a pod is blocked or gone, and then gives up. */
export async function untilBlockedOrGone({ nodes }: World): Promise<DrainEvent> {
  const { promise, resolve } = Promise.withResolvers<DrainEvent>()
  const controller = new AbortController()
  const onProgress = (event: DrainEvent) => {
    if (event.type === 'blocked' || event.type === 'gone') resolve(event)
  }
  const drained = nodes.drain('n1', { ...quick, onProgress, signal: controller.signal })
  const event = await Promise.race([promise, drained.then(() => promise)])
  controller.abort()
  await drained.catch(() => undefined)
  return event
}
