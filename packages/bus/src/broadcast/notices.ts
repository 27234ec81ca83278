/**
 * What is said and kept by nobody: every transient message is also said to all connections of the exchange that are
 * there now. So whoever only wants to know what goes on needs no queue, and nothing stays on the broker when it dies.
 */

import { decodeBody } from '../rpc/payload.ts'
import type { Logger } from '../logger.ts'
import { matcher, type Matcher } from '../topic.ts'
import type { Outgoing, Transport } from '../transport.ts'

/** A transient message, as it was heard. */
export interface Notice {
  readonly routingKey: string
  /** The decoded payload, whole; everybody who listens here is given the same one. */
  readonly body: unknown
}

/** What to listen for. */
export interface ListenOptions {
  readonly onNotice: (notice: Notice) => void
  /** Called when something may have been missed: the connection to the broker was away. */
  readonly onMissed?: () => void
}

interface Ear extends ListenOptions {
  readonly matchers: readonly Matcher[]
}

const opening = 'notice\n'

/** The notices of one connection: those it gives, and those it listens to. */
export class Notices {
  readonly #transport: Transport
  readonly #log: Logger
  readonly #ears = new Set<Ear>()

  constructor(transport: Transport, { log }: { log: Logger }) {
    this.#transport = transport
    this.#log = log
  }

  /** Says a transient message to all. That nobody could be told is no reason to fail. */
  async say(message: Outgoing): Promise<void> {
    if (message.persistent !== false || message.routingKey.includes('\n')) return
    try {
      await this.#transport.broadcast(encodeNotice(message))
    } catch (err) {
      this.#log.debug({ routingKey: message.routingKey, err }, 'a notice could not be given')
    }
  }

  /** Hears what matches one of the keys, each once, until it is disposed. */
  listen(routingKeys: readonly string[], options: ListenOptions): Disposable {
    const ear = { ...options, matchers: routingKeys.map(matcher) }
    this.#ears.add(ear)
    return { [Symbol.dispose]: () => void this.#ears.delete(ear) }
  }

  /** Takes what was said to all; false where that is no notice. */
  hear(text: string): boolean {
    if (!text.startsWith(opening)) return false
    if (this.#ears.size > 0) this.#tell(text)
    return true
  }

  /** The broker was away, and so were we. */
  miss(): void {
    for (const ear of this.#ears) ear.onMissed?.()
  }

  #tell(text: string): void {
    const [routingKey, contentType, body] = partsOf(text)
    const ears = [...this.#ears].filter(({ matchers }) => matchers.some((matches) => matches(routingKey)))
    if (ears.length === 0) return
    try {
      const decoded = decodeBody({ body, contentType, replyTo: undefined })
      for (const { onNotice } of ears) onNotice({ routingKey, body: decoded })
    } catch (err) {
      this.#log.warn({ routingKey, err }, 'a notice could not be read')
    }
  }
}

/** `notice`, the routing key and the content type, each on a line, and then the body. */
function encodeNotice({ routingKey, contentType, body }: Outgoing): string {
  return `${opening}${routingKey}\n${contentType}\n${body}`
}

function partsOf(text: string): [routingKey: string, contentType: string, body: string] {
  const first = text.indexOf('\n', opening.length)
  const second = text.indexOf('\n', first + 1)
  return [text.slice(opening.length, first), text.slice(first + 1, second), text.slice(second + 1)]
}
