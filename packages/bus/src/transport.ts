/**
 * What a transport is: the thin thing between the bus, which decides, and a broker, which keeps messages.
 *
 * A transport moves bodies and never looks into them. Each way of being one is a file in `transports/`, and each
 * runs the contract suite of `testing.ts`.
 */

import type { Logger } from './logger.ts'

/** Text that travels beside a body, such as a deadline or a trace. */
export type Headers = Readonly<Record<string, string>>

/** A message on its way to queues. The body is UTF-8 text; what it means is the bus's business. */
export interface Outgoing {
  readonly routingKey: string
  readonly body: string
  /** `application/json` for objects, `text/plain` for text; as peers label them. */
  readonly contentType: string
  readonly headers: Headers
  /** The queue on which the sender waits for an answer. */
  readonly replyTo?: string
  /** False for what may be lost with the broker (notifications); default true. */
  readonly persistent?: boolean
}

/** An answer, on its way straight to the queue that the caller named. */
export interface Reply {
  readonly queue: string
  readonly body: string
  readonly headers?: Headers
}

/** How a delivery ends: answered or not, but done; set aside for a person to look at; or given back untouched. */
export type Settlement =
  | { readonly kind: 'done'; readonly reply?: Reply }
  | { readonly kind: 'dead'; readonly reason: string; readonly reply?: Reply }
  | { readonly kind: 'released' }

/** A message as it came from a queue. */
export interface Received {
  readonly queue: string
  readonly routingKey: string
  readonly body: string
  /** Empty where the sender did not say. */
  readonly contentType: string
  readonly headers: Headers
  readonly replyTo: string | undefined
  /** True when an earlier consumer had this message and died, or let go of it. */
  readonly redelivered: boolean
}

/** A message in a consumer's hands. The broker keeps it until it is settled. */
export interface Delivery extends Received {
  /**
   * Ends this delivery; resolves when the broker knows. A second call does nothing, and neither does a call that
   * comes after the broker gave the message to somebody else: its reply is not sent.
   */
  settle(settlement: Settlement): Promise<void>
}

/** A queue and the routing keys that fill it. */
export interface QueueDeclaration {
  readonly name: string
  readonly routingKeys: readonly string[]
}

/** How much a consumer takes at a time, and what becomes of it. */
export interface ConsumeOptions {
  /** How many unsettled messages this consumer may hold; the rest stays on the broker. */
  readonly prefetch: number
  readonly onDelivery: (delivery: Delivery) => void
}

/** A standing wish for the messages of one queue. */
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

/** The messages that were set aside, queue by queue. */
export interface DeadMessages {
  /** The latest first. */
  list(queue: string, limit: number): Promise<DeadMessage[]>
  /** Puts it back on its queue with its attempts forgotten. False when there is none of that id. */
  replay(queue: string, id: string): Promise<boolean>
  /** Forgets it for good. False when there is none of that id. */
  drop(queue: string, id: string): Promise<boolean>
}

/** One connection to one exchange of one broker. It reconnects by itself until it is closed. */
export interface Transport {
  /** The queue on which this connection receives replies. */
  readonly replyQueue: string
  readonly dead: DeadMessages
  /**
   * Puts a message on every queue whose binding matches.
   * @returns how many queues took it, or undefined where the broker does not tell.
   */
  publish(message: Outgoing): Promise<number | undefined>
  /** Puts a reply straight on a named queue. */
  reply(reply: Reply): Promise<void>
  /** Declares the queue, binds it and consumes from it, again after each reconnect. */
  consume(queue: QueueDeclaration, options: ConsumeOptions): Promise<Consumer>
  /** Says something to every connection of this exchange that is there now; nothing is stored. */
  broadcast(text: string): Promise<void>
  /** Settles what was told to settle, removes what is only this connection's, and disconnects. */
  close(): Promise<void>
}

/** What a transport tells the bus. */
export interface TransportEvents {
  readonly onReply: (body: string) => void
  readonly onBroadcast: (text: string) => void
  /** What was said to all may not have reached us: the broker was away, and is there again. */
  readonly onMissed?: () => void
  readonly onState: (state: 'connected' | 'disconnected', cause?: Error) => void
}

/** What a transport is told when it opens. */
export interface TransportOptions extends TransportEvents {
  readonly exchange: string
  readonly log: Logger
  /** How long a message may be in the hands of a process that gives no sign of life, in milliseconds. */
  readonly visibility: number
  /** How many processes a message may end before it is set aside. */
  readonly maxAttempts: number
  /** How the broker's own tools name this connection. */
  readonly clientName: string
  /**
   * Writes the answer to a message that is given up on the broker, so that its caller need not wait; undefined
   * where nobody waits.
   */
  readonly obituary: (message: Received, reason: string) => Reply | undefined
}

/** What a file in `transports/` exports. */
export interface TransportModule {
  open(url: URL, options: TransportOptions): Promise<Transport>
}
