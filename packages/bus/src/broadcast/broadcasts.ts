/**
 * Broadcasts: every transient message is also sent to all open connections of the exchange, and stored nowhere. A
 * process that only follows events needs no queue, and leaves nothing on the broker when it dies.
 */

import { decodeBody } from '../rpc/payload.ts'
import type { Logger } from '../logger.ts'
import { matcher, type Matcher } from '../topic.ts'
import type { OutgoingMessage, Transport } from '../transport.ts'

/** A transient message, as a listener receives it. */
export interface Broadcast {
  readonly routingKey: string
  /** The whole decoded payload; all listeners of a connection share the same object. */
  readonly body: unknown
}

/** What is called for each broadcast, and when broadcasts may have been missed. */
export interface ListenOptions {
  readonly onBroadcast: (notice: Broadcast) => void
  /** Called when broadcasts may have been missed because the connection to the broker was lost. */
  readonly onMissed?: () => void
}

interface Listener extends ListenOptions {
  readonly matchers: readonly Matcher[]
}

const prefix = 'notice\n'

/** Sends and receives the broadcasts of one connection. */
export class Broadcasts {
  readonly #transport: Transport
  readonly #log: Logger
  readonly #listeners = new Set<Listener>()

  constructor(transport: Transport, { log }: { log: Logger }) {
    this.#transport = transport
    this.#log = log
  }

  /** Sends a transient message to all connections. A failure is logged and does not reject. */
  async send(message: OutgoingMessage): Promise<void> {
    if (message.persistent !== false || message.routingKey.includes('\n')) return
    try {
      await this.#transport.broadcast(encodeBroadcast(message))
    } catch (err) {
      this.#log.debug({ routingKey: message.routingKey, err }, 'could not send a broadcast')
    }
  }

  /** Passes each broadcast that matches one of the keys to the listener once, until the result is disposed. */
  listen(routingKeys: readonly string[], options: ListenOptions): Disposable {
    const listener = { ...options, matchers: routingKeys.map(matcher) }
    this.#listeners.add(listener)
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) }
  }

  /** Delivers a text to the listeners; returns false when it is not a transient message. */
  receive(text: string): boolean {
    if (!text.startsWith(prefix)) return false
    if (this.#listeners.size > 0) this.#deliver(text)
    return true
  }

  /** Tells every listener that broadcasts may have been missed. */
  reportMissed(): void {
    for (const listener of this.#listeners) listener.onMissed?.()
  }

  #deliver(text: string): void {
    const [routingKey, contentType, body] = decodeBroadcast(text)
    const matching = [...this.#listeners].filter(({ matchers }) =>
      matchers.some((matches) => matches(routingKey)),
    )
    if (matching.length === 0) return
    try {
      const decoded = decodeBody({ body, contentType, replyTo: undefined })
      for (const { onBroadcast } of matching) onBroadcast({ routingKey, body: decoded })
    } catch (err) {
      this.#log.warn({ routingKey, err }, 'could not read a broadcast')
    }
  }
}

/** Writes `notice`, the routing key and the content type, each on a line, and then the body. */
function encodeBroadcast({ routingKey, contentType, body }: OutgoingMessage): string {
  return `${prefix}${routingKey}\n${contentType}\n${body}`
}

function decodeBroadcast(text: string): [routingKey: string, contentType: string, body: string] {
  const first = text.indexOf('\n', prefix.length)
  const second = text.indexOf('\n', first + 1)
  return [text.slice(prefix.length, first), text.slice(first + 1, second), text.slice(second + 1)]
}
