/** A topic exchange that carries JSON-RPC: connect, call, serve. */

export { connect, type ConnectOptions, type LoadTransport } from './connect.ts'
export type { Bus, BusState, Requester } from './bus.ts'
export type { Client } from './client.ts'
export { BusError, errorOfCode, errorTable, type ErrorData, type ErrorName } from './errors.ts'
export type { ListenOptions, Broadcast } from './broadcast/broadcasts.ts'
export type { Params } from './rpc/json-rpc.ts'
export type { Logger } from './logger.ts'
export { lastWord, type Handler, type Message } from './message.ts'
export type { RequestOptions } from './rpc/requests.ts'
export type { RollCallOptions } from './broadcast/roll-call.ts'
export type { ServeOptions, Serving } from './rpc/serving.ts'
export { matcher, type Matcher } from './topic.ts'
export { readReceived, type ReplyRule, type UntrustedMessage } from './edge/read-received.ts'
export type {
  Consumer,
  ConsumeOptions,
  DeadLetterStats,
  DeadMessage,
  DeadMessages,
  Delivery,
  Headers,
  OutgoingMessage,
  QueueDeclaration,
  ReceivedMessage,
  Reply,
  Settlement,
  Transport,
  TransportEvents,
  TransportModule,
  TransportOptions,
} from './transport.ts'
