/** A cluster whose hosts are nodes: scripted hosts, and a double of an API server that knows them. */
import { type FakeHost, type FakeHostOptions } from '@commissaire/hosts/testing'
import { nodeName } from '@commissaire/containermgr'
import { type ApiObject, ApiServerDouble, type NodeState } from '@commissaire/containermgr/testing'
import { ContainerManagerConfig, type Host, parseModel } from '@commissaire/models'

import { type SystemOptions, TestSystem } from '../system.ts'

/** Both worlds. Dispose of it. */
export class NodeSystem implements AsyncDisposable {
  readonly system: TestSystem
  readonly server: ApiServerDouble
  /** What happened, in order: the writes that the API server took, and the reboots of hosts. */
  readonly story: string[] = []

  private constructor(system: TestSystem, server: ApiServerDouble) {
    this.system = system
    this.server = server
    server.intercept = (call) => {
      const line = lineOf(call.method, call.path, call.body)
      if (line) this.story.push(line)
      return undefined
    }
  }

  static async start(options: SystemOptions = {}): Promise<NodeSystem> {
    const server = await ApiServerDouble.start({ token: 'secret' })
    const system = await TestSystem.start({ watcher: false, ...options })
    const config = { name: 'k8s', type: 'kubernetes', options: { server_url: server.url, token: 'secret' } }
    await system.storage.save(ContainerManagerConfig, parseModel(ContainerManagerConfig, config))
    return new NodeSystem(system, server)
  }

  get cluster() {
    return this.server.cluster
  }

  /** A host that is active, and a node that says what the host is; it follows a reboot unless it is told not to. */
  async node(
    options: FakeHostOptions & { follows?: boolean; state?: NodeState; stored?: Partial<Host> } = {},
  ): Promise<FakeHost> {
    const { follows = true, state = {}, stored, ...rest } = options
    const host = await this.system.activeHost(rest)
    if (stored)
      await this.system.register(host.address, { ...(await this.system.stored(host.address)), ...stored })
    const name = nodeName(host.address)
    this.cluster.addNode(name, { bootID: host.bootId, ...state })
    host.onPhase = (phase) => {
      if (phase === 'told') this.story.push(`reboot ${name}`)
      if (phase === 'up' && follows) this.hear(host)
    }
    return host
  }

  /** Puts the hosts into the cluster `web`. */
  async gather(hosts: readonly FakeHost[]): Promise<void> {
    await this.system.cluster('web', hosts, { container_manager: 'k8s' })
  }

  /** The node's kubelet reports again: the boot that its host is in, and what else is said. */
  hear(host: FakeHost, state: NodeState = {}): void {
    const node = this.nodeOf(host)
    const { unschedulable } = node.spec
    this.cluster.addNode(nodeName(host.address), {
      bootID: host.bootId,
      ...(unschedulable === true && { unschedulable }),
      ...(node.metadata.annotations && { annotations: node.metadata.annotations }),
      ...state,
    })
  }

  /** The node that a host is. */
  nodeOf({ address }: FakeHost): ApiObject {
    const node = this.server.nodes.get(nodeName(address))
    if (!node) throw new TypeError(`there is no node for ${address}`)
    return node
  }

  isCordoned(host: FakeHost): boolean {
    return this.nodeOf(host).spec['unschedulable'] === true
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.system[Symbol.asyncDispose]()
    await this.server[Symbol.asyncDispose]()
  }
}

/** A write in two words; undefined for what only reads. */
function lineOf(method: string, path: string, body: unknown): string | undefined {
  const name = path.split('/').at(path.endsWith('/eviction') ? -2 : -1)
  if (method === 'POST' && path.endsWith('/eviction')) return `evict ${name}`
  if (method !== 'PATCH') return undefined
  return JSON.stringify(body).includes('"unschedulable":true') ? `cordon ${name}` : `uncordon ${name}`
}
