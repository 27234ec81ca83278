/**
 * The interface of a container manager: the platform that runs containers on hosts.
 *
 * Each implementation is a file in this folder and runs the contract suite of `testing.ts`. Every call is
 * idempotent, because the message that asked for it may be delivered twice. Every fault is a `BusError`
 * named `ContainerManager`.
 */

import type { Logger } from '@commissaire/bus'

/** What a container manager is opened with. */
export interface OpenOptions {
  /** Where it says what an administrator should know. */
  readonly log?: Pick<Logger, 'warn'>
}

/** How long a call may take. */
export interface CallOptions {
  readonly signal?: AbortSignal
}

/** A container platform that can learn of a host, forget it, and say how it does there. */
export interface ContainerManager {
  /** Whether the platform knows a node of that address. */
  nodeRegistered(address: string, options?: CallOptions): Promise<boolean>
  /** Makes the platform know the host. It is fine when it already does. */
  registerNode(address: string, options?: CallOptions): Promise<void>
  /** Makes the platform forget the host. It is fine when it never knew it. */
  removeNode(address: string, options?: CallOptions): Promise<void>
  /** Makes the platform forget these hosts and no others: what else runs there is not Commissaire's. */
  removeAllNodes(addresses: readonly string[], options?: CallOptions): Promise<void>
  /** What the platform says about the node; its shape is the platform's own. Fails for a node it does not know. */
  getNodeStatus(address: string, options?: CallOptions): Promise<Record<string, unknown>>
  /** Lets go of connections. May be called twice. */
  close(): Promise<void>
}
