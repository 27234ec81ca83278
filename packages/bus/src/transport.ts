/**
 * What a transport is: the thin thing between the bus, which decides, and a broker, which keeps messages.
 *
 * A transport moves bodies and never looks into them. Each way of being one is a file in `transports/`, and each
 * runs the contract suite of `testing.ts`.
 */

/** A message on its way to queues. The body is UTF-8 text; what it means is the bus's business. */
export interface Outgoing {
  readonly routingKey: string
  readonly body: string
  /** `application/json` for objects, `text/plain` for text; as peers label them. */
  readonly contentType: string
  readonly headers: Readonly<Record<string, string>>
  /** The queue on which the sender waits for an answer. */
  readonly replyTo?: string
  /** False for what may be lost with the broker (notifications); default true. */
  readonly persistent?: boolean
}

/** How a delivery ends: answered or not, but done; or set aside for a person to look at. */
export type Settlement =
  | { readonly kind: 'done'; readonly reply?: { readonly queue: string; readonly body: string } }
  | { readonly kind: 'dead'; readonly reason: string; readonly reply?: { readonly queue: string; readonly body: string } }
  | { readonly kind: 'released' }

/** A message in a consumer's hands. The broker keeps it until it is settled. */
export interface Delivery {
  readonly queue: string
  readonly routingKey: string
  readonly body: string
  readonly contentType: string
  readonly headers: Readonly<Record<string, string>>
  readonly replyTo: string | undefined
  /** True when an earlier consumer had this message and died, or let go of it. */
  readonly redelivered: boolean
  /** Ends this delivery; resolves when the broker knows. A second call does nothing. */
  settle(settlement: Settlement): Promise<void>
}

/** A queue and the routing keys that fill it. */
export interface QueueDeclaration {
  readonly name: string
  readonly routingKeys: readonly string[]
}

export interface ConsumeOptions {
  /** How many unsettled messages this consumer may hold; the rest stays on the broker. */
  readonly prefetch: number
  readonly onDelivery: (delivery: Delivery) => void
}

export interface Consumer {
  /** Takes no further message; resolves when none can arrive any more. Those in hand can still be settled. */
  stop(): Promise<void>
}

/** A message that was set aside, as `commctl bus dead` shows it. */
export interface DeadMessage {
  readonly id: string
  readonly queue: string
  readonly routingKey: string
  readonly body: string
  readonly reason: string
  /** When it was set aside, ISO 8601. */
  readonly deadAt: string
  readonly attempts: number
}

/** One connection to one exchange of one broker. It reconnects by itself until it is closed. */
export interface Transport {
  /** The queue on which this connection receives replies. */
  readonly replyQueue: string
  /**
   * Puts a message on every queue whose binding matches.
   * @returns how many queues took it, or undefined where the broker does not tell.
   */
  publish(message: Outgoing): Promise<number | undefined>
  /** Puts a reply straight on a named queue. */
  reply(queue: string, body: string): Promise<void>
  /** Declares the queue, binds it and consumes from it, again after each reconnect. */
  consume(queue: QueueDeclaration, options: ConsumeOptions): Promise<Consumer>
  /** Says something to every connection of this exchange that is there now; nothing is stored. */
  broadcast(text: string): Promise<void>
  dead: {
    list(queue: string, limit: number): Promise<DeadMessage[]>
    /** Puts it back on its queue with its attempts forgotten. False when there is none of that id. */
    replay(queue: string, id: string): Promise<boolean>
    drop(queue: string, id: string): Promise<boolean>
  }
  /** Settles what was told to settle, removes what is only this connection's, and disconnects. */
  close(): Promise<void>
}

/** What a transport tells the bus. */
export interface TransportEvents {
  readonly onReply: (body: string) => void
  readonly onBroadcast: (text: string) => void
  readonly onState: (state: 'connected' | 'disconnected', cause?: Error) => void
}
