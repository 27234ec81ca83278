/**
 * The protocol between the transport and its broker: JSON values, one per line, over a Unix socket.
 *
 * The transport sends calls; the broker answers each call by its id, and sends events at any time.
 */
import type { Socket } from 'node:net'
import type { OutgoingMessage, QueueDeclaration, ReceivedMessage, Reply, Settlement } from '@commissaire/bus'

/** What the transport asks the broker to do. */
export type Call =
  | {
      readonly call: 'join'
      readonly exchange: string
      readonly replyQueue: string
      readonly maxAttempts: number
    }
  | { readonly call: 'publish'; readonly message: OutgoingMessage }
  | { readonly call: 'reply'; readonly reply: Reply }
  | { readonly call: 'broadcast'; readonly text: string }
  | {
      readonly call: 'consume'
      readonly queue: QueueDeclaration
      readonly consumer: number
      readonly prefetch: number
    }
  | { readonly call: 'stop'; readonly consumer: number }
  | { readonly call: 'settle'; readonly delivery: number; readonly settlement: Settlement }
  | { readonly call: 'list'; readonly queue: string; readonly limit: number }
  | { readonly call: 'stats'; readonly queue: string }
  | { readonly call: 'replay' | 'drop'; readonly queue: string; readonly message: string }

/** A call with the id that its answer has. */
export type NumberedCall = Call & { readonly id: number }

/** What the broker sends without being asked. */
export type BrokerEvent =
  | {
      readonly event: 'delivery'
      readonly consumer: number
      readonly delivery: number
      readonly message: ReceivedMessage
    }
  | { readonly event: 'reply'; readonly body: string }
  | { readonly event: 'broadcast'; readonly text: string }
  /** A message was set aside after too many deaths: its caller needs a reply. */
  | { readonly event: 'abandoned'; readonly message: ReceivedMessage; readonly reason: string }

/** What the broker sends: the result of a call, or an event. */
export type BrokerFrame = { readonly id: number; readonly result: unknown } | BrokerEvent

/** Writes one frame. JSON text contains no line breaks. */
export function send(socket: Socket, frame: NumberedCall | BrokerFrame): void {
  if (socket.writable) socket.write(`${JSON.stringify(frame)}\n`)
}

/** The longest frame, in characters. */
const maxFrame = 256 * 2 ** 20

/**
 * Calls `onLine` with each line that arrives: the JSON text of one frame. Disconnects when a line is too long, and when
 * `onLine` throws because the line is not a frame.
 */
export function receiveLines(socket: Socket, onLine: (line: string) => void): void {
  let rest = ''
  socket.setEncoding('utf8')
  socket.on('data', (text) => {
    const lines = `${rest}${String(text)}`.split('\n')
    rest = lines.pop() ?? ''
    try {
      for (const line of lines) onLine(line)
      if (rest.length > maxFrame) throw new Error(`a frame is longer than ${maxFrame} characters`)
    } catch (cause) {
      socket.destroy(new Error('the peer sent an invalid frame', { cause }))
    }
  })
}
