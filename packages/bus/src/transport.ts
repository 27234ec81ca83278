/**
 * The interface of a transport: the layer between the bus, which decides, and a broker, which stores messages.
 *
 * A transport moves bodies and does not read them. Each implementation is a file in `transports/`, or a module
 * registered with `connect`, and passes the contract suite of `testing.ts`.
 */

import type { Complaints } from './edge/complaints.ts'
import type { BusError } from './errors.ts'
import type { Logger } from './logger.ts'

/** Text sent beside a body, such as a deadline or a trace. */
export type Headers = Readonly<Record<string, string>>

/** A message to be published. The body is UTF-8 text that only the bus interprets. */
export interface OutgoingMessage {
  readonly routingKey: string
  readonly body: string
  /** `application/json` for objects, `text/plain` for text, as peers write it. */
  readonly contentType: string
  readonly headers: Headers
  /** The queue on which the sender waits for the reply. */
  readonly replyTo?: string
  /** False for a message that may be lost when the broker restarts; default true. */
  readonly persistent?: boolean
}

/** A reply, sent directly to the queue that the caller named. */
export interface Reply {
  readonly queue: string
  readonly body: string
  readonly headers?: Headers
}

/** How a delivery ends: done, with or without a reply; set aside as a dead letter; or released back to its queue. */
export type Settlement =
  | { readonly kind: 'done'; readonly reply?: Reply }
  | { readonly kind: 'dead'; readonly reason: string; readonly reply?: Reply }
  | { readonly kind: 'released' }

/** A message as it is read from a queue. */
export interface ReceivedMessage {
  readonly queue: string
  readonly routingKey: string
  readonly body: string
  /** Empty when the sender gives none. */
  readonly contentType: string
  readonly headers: Headers
  readonly replyTo: string | undefined
  /** True when an earlier consumer received this message and died or released it. */
  readonly redelivered: boolean
  /** Why the message cannot be read and must be refused; its body is empty then. */
  readonly fault?: BusError | undefined
}

/** A message delivered to a consumer. The broker keeps it until it is settled. */
export interface Delivery extends ReceivedMessage {
  /**
   * Ends this delivery; resolves when the broker has recorded that. A second call does nothing. A call after the broker
   * has given the message to another consumer does nothing either, and its reply is not sent.
   */
  settle(settlement: Settlement): Promise<void>
}

/** A queue and the binding keys that route messages to it. */
export interface QueueDeclaration {
  readonly name: string
  readonly routingKeys: readonly string[]
}

/** How many messages a consumer takes at a time, and what receives them. */
export interface ConsumeOptions {
  /** How many unsettled messages this consumer may hold; the others stay on the broker. */
  readonly prefetch: number
  readonly onDelivery: (delivery: Delivery) => void
}

/** A subscription to the messages of one queue. */
export interface Consumer {
  /** Takes no further messages; resolves when none can arrive any more. Unsettled ones can still be settled. */
  stop(): Promise<void>
}

/** A message that was set aside (a dead letter), as `commctl bus dead` shows it. */
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

/** The messages that were set aside, by queue. */
export interface DeadMessages {
  /** Lists messages, the latest first. */
  list(queue: string, limit: number): Promise<DeadMessage[]>
  /** Puts a message back on its queue with no attempts counted. Returns false when there is none with that id. */
  replay(queue: string, id: string): Promise<boolean>
  /** Deletes a message. Returns false when there is none with that id. */
  drop(queue: string, id: string): Promise<boolean>
  /** How many messages are set aside, and how many were dropped to make room for them. */
  stats(queue: string): Promise<DeadLetterStats>
}

/** The messages of one queue that were set aside, in numbers. */
export interface DeadLetterStats {
  readonly messages: number
  /** Bytes that they use on the broker; undefined when the broker does not report that. */
  readonly bytes: number | undefined
  /** How many were dropped, the oldest first, because a limit was reached; undefined when the broker does not report that. */
  readonly dropped: number | undefined
}

/** A connection to one exchange of one broker. It reconnects by itself until it is closed. */
export interface Transport {
  /** The queue on which this connection receives replies. */
  readonly replyQueue: string
  readonly dead: DeadMessages
  /**
   * Puts a message on every queue that has a matching binding.
   * @returns how many queues took it, or undefined when the broker does not report that.
   */
  publish(message: OutgoingMessage): Promise<number | undefined>
  /** Puts a reply directly on a named queue. Rejects with InvalidRequest when that cannot be a reply queue. */
  reply(reply: Reply): Promise<void>
  /** Declares the queue, binds it and consumes from it, again after each reconnect. */
  consume(queue: QueueDeclaration, options: ConsumeOptions): Promise<Consumer>
  /** Sends a text to every connection that is open on this exchange now, this one included; nothing is stored. */
  broadcast(text: string): Promise<void>
  /** Completes pending settlements, releases unsettled messages, removes what belongs to this connection, and disconnects. */
  close(): Promise<void>
}

/** What a transport reports to the bus. */
export interface TransportEvents {
  readonly onReply: (body: string) => void
  readonly onBroadcast: (text: string) => void
  /** Broadcasts may have been missed: the connection was lost and is back. */
  readonly onMissed?: () => void
  /** The connection was lost, with the cause, or is back. The same state may be reported again. */
  readonly onState: (state: 'connected' | 'disconnected', cause?: Error) => void
}

/** The settings with which a transport is opened. */
export interface TransportOptions extends TransportEvents {
  readonly exchange: string
  readonly log: Logger
  /** Logs what peers do wrong, at a bounded rate. */
  readonly complaints: Pick<Complaints, 'warn'>
  /** How long a process that shows no activity keeps the messages it holds, in milliseconds. */
  readonly visibility: number
  /** How many processes may die while they handle a message before it is set aside. */
  readonly maxAttempts: number
  /** The name of this connection in the broker's own tools. */
  readonly clientName: string
  /**
   * Returns the reply to a message that the transport sets aside itself, so that its caller does not wait for its
   * deadline; undefined when no caller waits.
   */
  readonly abandonedReply: (message: ReceivedMessage, reason: string) => Reply | undefined
}

/** What the module of a transport exports. */
export interface TransportModule {
  open(url: URL, options: TransportOptions): Promise<Transport>
}
