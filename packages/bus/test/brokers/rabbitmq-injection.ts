/** Puts any message on a queue of RabbitMQ, with any properties that its client and the broker let pass. */

import { Connection, type Channel, type Envelope } from 'rabbitmq-client'
import type { HostileMessage } from '../../src/testing/hostile-messages.ts'

/** A connection of its own, opened with the first message. */
export class RabbitMqInjection implements AsyncDisposable {
  readonly #url: string
  #connection: Connection | undefined
  #channel: Channel | undefined
  #last = Promise.resolve(true)

  constructor(url: string) {
    this.#url = url
  }

  /** False where the client or the broker refuses the message, and closes the channel for it: so one after the other. */
  inject(message: HostileMessage): Promise<boolean> {
    this.#last = this.#last.then(() => this.#inject(message))
    return this.#last
  }

  async #inject(message: HostileMessage): Promise<boolean> {
    try {
      const channel = await this.#open()
      await channel.basicPublish(envelopeOf(message), message.damage?.(message.body) ?? message.body)
      return true
    } catch {
      await this.#channel?.close().catch(() => {})
      this.#channel = undefined
      return false
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#last
    this.#connection?.unsafeDestroy()
  }

  async #open(): Promise<Channel> {
    if (this.#channel?.active) return this.#channel
    this.#connection ??= connectionTo(this.#url)
    const channel = await this.#connection.acquire({ emitErrorsFromChannel: true })
    channel.on('error', () => {})
    await channel.confirmSelect()
    this.#channel = channel
    return channel
  }
}

function connectionTo(url: string): Connection {
  const connection = new Connection({ url, retryLow: 10, retryHigh: 50 })
  connection.on('error', () => {})
  return connection
}

function envelopeOf({
  routingKey,
  contentType,
  contentEncoding,
  headers,
  replyTo,
}: HostileMessage): Envelope {
  const properties = { contentType, contentEncoding, headers: headers && { ...headers }, replyTo }
  const given = Object.entries(properties).filter(([, value]) => value !== undefined && value !== '')
  return { exchange: 'commissaire', routingKey, ...Object.fromEntries(given) }
}
