/**
 * A container manager that keeps its nodes in memory, for trials and tests.
 * It forgets when its process ends, and two processes do not share it.
 */
import { notRegistered } from './errors.ts'
import type { ContainerManager } from './manager.ts'

/** Opens a trivial container manager. It takes no options. */
export function open(): Promise<ContainerManager> {
  return Promise.resolve(new TrivialContainers())
}

class TrivialContainers implements ContainerManager {
  readonly #nodes = new Set<string>()

  async nodeRegistered(address: string): Promise<boolean> {
    return this.#nodes.has(address)
  }

  async registerNode(address: string): Promise<void> {
    this.#nodes.add(address)
  }

  async removeNode(address: string): Promise<void> {
    this.#nodes.delete(address)
  }

  async removeAllNodes(addresses: readonly string[]): Promise<void> {
    for (const address of addresses) this.#nodes.delete(address)
  }

  async getNodeStatus(address: string): Promise<Record<string, unknown>> {
    if (!this.#nodes.has(address)) throw notRegistered(address)
    return { node: address, status: 'ok' }
  }

  async close(): Promise<void> {}
}
