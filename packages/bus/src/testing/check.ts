/** What a check of the contract suite receives, and what the author of a transport provides for it. */

import type { Bus } from '../bus.ts'
import type { ConnectOptions } from '../connect.ts'
import type { Transport } from '../transport.ts'
import type { HostileMessage } from './hostile-messages.ts'

/** An empty broker, and the ways to connect to it. */
export interface World extends AsyncDisposable {
  connect(options?: ConnectOptions): Promise<Bus>
  /** Opens a transport without a bus, to send what a bus never sends. */
  open(onReply?: (body: string) => void): Promise<Transport>
  /** Starts a process that takes one message from the queue, and kills it. Resolves when it is dead. */
  takeAndDie?(queue: string): Promise<void>
  stopBroker?(): Promise<void>
  startBroker?(): Promise<void>
  /**
   * Puts a message on the queue in the transport's own format, without any check. Returns false when the broker or its
   * client does not accept it.
   */
  inject?(queue: string, message: HostileMessage): Promise<boolean>
  /** How many messages of the queue are delivered and not settled. */
  unsettled?(queue: string): Promise<number>
  /** Names everything that is stored on the broker; the checks use it to find leftovers. */
  inventory?(): Promise<string[]>
}

/** Makes a world for one check. */
export type MakeWorld = () => Promise<World>

/** Rejects when the transport breaks the contract. */
export type Check = (make: MakeWorld) => Promise<void>
