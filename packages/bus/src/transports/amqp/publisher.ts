/**
 * Publishes messages, and resolves when the broker has confirmed them.
 *
 * The broker returns a mandatory message that no queue takes, before it confirms it.
 */

import { randomBytes } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import type { Envelope } from 'rabbitmq-client'
import { deadLetterLimits } from '../../edge/dead-letter-limits.ts'
import { malformed } from '../../edge/edge-fault.ts'
import { BusError } from '../../errors.ts'
import type { OutgoingMessage, Reply } from '../../transport.ts'
import { ReopeningChannel, type ChannelSetup } from './channel.ts'
import { errorCodeOf, withTimeout, type AmqpConnection } from './connection.ts'
import { replyRule } from './reply-rule.ts'
import { encodeMessage, encodeReply, isDeadQueue, broadcastExchange } from './wire.ts'

/** How long a message waits for the connection to come back, in milliseconds: RabbitMQ starts slowly. */
const publishTimeout = 60_000
/** How long the broker may take to confirm, in milliseconds. It does not confirm while it is short of memory or disk. */
const confirmTimeout = 30_000
/** The longest routing key of the protocol, in bytes. */
const maxRoutingKey = 255

/** Publishes the messages of one connection. */
export class Publisher {
  readonly #connection: AmqpConnection
  readonly #exchange: string
  readonly #log: ChannelSetup['log']
  readonly #channel: ReopeningChannel
  readonly #prefix = `${randomBytes(9).toString('base64url')}-`
  readonly #returned: Set<string>
  readonly #declared = new Set<string>()
  #count = 0

  private constructor(
    connection: AmqpConnection,
    exchange: string,
    {
      channel,
      returned,
      log,
    }: { channel: ReopeningChannel; returned: Set<string>; log: ChannelSetup['log'] },
  ) {
    this.#connection = connection
    this.#exchange = exchange
    this.#channel = channel
    this.#log = log
    this.#returned = returned
    channel.onReady(() => this.#declared.clear())
  }

  /** Opens the channel, and declares the exchange as kombu does. */
  static async open(
    connection: AmqpConnection,
    exchange: string,
    log: ChannelSetup['log'],
  ): Promise<Publisher> {
    const returned = new Set<string>()
    const channel = await ReopeningChannel.open(connection, {
      name: `publishing to the exchange "${exchange}"`,
      log,
      prepare: async (channel) => {
        returned.clear()
        channel.on('basic.return', ({ messageId = '' }) => returned.add(messageId))
        await channel.exchangeDeclare({ exchange, type: 'topic', durable: true })
        await channel.confirmSelect()
      },
    })
    return new Publisher(connection, exchange, { channel, returned, log })
  }

  get channel(): ReopeningChannel {
    return this.#channel
  }

  /** Resolves with 0 when no queue took a message that has a reply queue; otherwise the number of queues is unknown. */
  async publish(message: OutgoingMessage): Promise<number | undefined> {
    const bytes = Buffer.byteLength(message.routingKey)
    if (bytes > maxRoutingKey) {
      throw new TypeError(
        `cannot publish to "${message.routingKey}": the routing key has ${bytes} bytes; RabbitMQ allows ${maxRoutingKey}`,
      )
    }
    const taken = await this.send(encodeMessage(message, this.#exchange), Buffer.from(message.body))
    return taken ? undefined : 0
  }

  /** Sends a reply; the broker drops it when its queue is gone. */
  async reply(reply: Reply): Promise<void> {
    const objection = replyRule(reply.queue)
    if (objection !== undefined)
      throw malformed(`the reply queue "${reply.queue}"`, `cannot receive a reply: ${objection}`)
    await this.send(encodeReply(reply), Buffer.from(reply.body))
  }

  /** Sends a text to all connections of the exchange. */
  async broadcast(text: string): Promise<void> {
    await this.send(
      { exchange: broadcastExchange(this.#exchange), contentType: 'text/plain' },
      Buffer.from(text),
    )
  }

  /** Puts a message on the retry or dead-letter queue of a served queue, and declares it when it does not exist. */
  async put(queue: string, envelope: Envelope, body: Buffer): Promise<void> {
    for (let tries = 0; tries < 2; tries++) {
      await this.#declare(queue)
      if (await this.send(envelope, body)) return
      this.#declared.delete(queue)
    }
    throw new BusError(
      'ConnectionLost',
      `cannot write to the queue "${queue}": it was deleted twice in the meantime`,
    )
  }

  /** @returns false when the message was mandatory and no queue took it. */
  async send(envelope: Envelope, body: Buffer): Promise<boolean> {
    const messageId = this.#prefix + (this.#count++).toString(36)
    const channel = this.#channel.current ?? (await this.#channel.ready(publishTimeout))
    try {
      await withTimeout(channel.basicPublish({ messageId, ...envelope }, body), confirmTimeout)
    } catch (cause) {
      throw errorCodeOf(cause) === 'NACK' ? refused(cause) : unknownOutcome(cause)
    }
    if (!envelope.mandatory) return true
    // The library emits the return of a message one turn after its confirmation.
    await setImmediate()
    return !this.#returned.delete(envelope.messageId ?? messageId)
  }

  close(): Promise<void> {
    return this.#channel.close()
  }

  async #declare(queue: string): Promise<void> {
    if (this.#declared.has(queue)) return
    try {
      await this.#connection.withChannel((channel) =>
        channel.queueDeclare({ queue, durable: true, ...boundsOf(queue) }),
      )
    } catch (error) {
      if (errorCodeOf(error) !== 'PRECONDITION_FAILED' || !isDeadQueue(queue)) throw error
      this.#log.warn({ queue }, UNBOUNDED)
    }
    this.#declared.add(queue)
  }
}

/** A dead-letter queue drops the oldest message when a limit is reached. */
function boundsOf(queue: string): { arguments?: Record<string, unknown> } {
  if (!isDeadQueue(queue)) return {}
  const { messages, bytes } = deadLetterLimits
  return {
    arguments: { 'x-max-length': messages, 'x-max-length-bytes': bytes, 'x-overflow': 'drop-head' },
  }
}

const UNBOUNDED =
  'the dead-letter queue was declared without limits by an earlier version; delete it when it is empty, or set a policy with max-length and max-length-bytes'

function refused(cause: unknown): BusError {
  const message = 'RabbitMQ refused the message: the queue is full, or could not store it'
  return new BusError('ConnectionLost', message, { cause })
}

/** Returns an error whose `outcome` tells callers that the message may have been sent. */
function unknownOutcome(cause: unknown): BusError {
  const message =
    'RabbitMQ did not confirm a message before the connection broke or the time limit passed; it may or may not have arrived'
  return new BusError('ConnectionLost', message, { cause, data: { outcome: 'unknown' } })
}
