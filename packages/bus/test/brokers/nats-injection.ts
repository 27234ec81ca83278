/** Puts any message on a queue of NATS, with any headers that its client lets pass. */

import { jetstream } from '@nats-io/jetstream'
import { connect, headers as emptyHeaders, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node'
import type { HostileMessage } from '../../src/testing/hostile-messages.ts'
import { Names } from '../../src/transports/nats/names.ts'

/** A connection of its own, opened with the first message. */
export class NatsInjection implements AsyncDisposable {
  readonly #servers: string
  readonly #names = new Names('commissaire')
  #nats: Promise<NatsConnection> | undefined

  constructor(servers: string) {
    this.#servers = servers
  }

  /** False where the client or the server refuses the message. */
  async inject(queue: string, message: HostileMessage): Promise<boolean> {
    this.#nats ??= connect({ servers: this.#servers })
    const nats = await this.#nats
    try {
      const subject = this.#names.message(queue, message.routingKey)
      const body = message.damage?.(message.body) ?? message.body
      await jetstream(nats).publish(subject, body, { headers: headersOf(message), timeout: 5_000 })
      return true
    } catch {
      return false
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#nats)?.close()
  }
}

function headersOf({ headers = {}, contentType, replyTo }: HostileMessage): MsgHdrs {
  const written = emptyHeaders()
  if (contentType) written.append('Content-Type', contentType)
  if (replyTo !== undefined) written.append('Commissaire-Reply-To', replyTo)
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith('Nats-')) continue
    written.append(name, typeof value === 'string' ? value : (JSON.stringify(value) ?? ''))
  }
  return written
}
