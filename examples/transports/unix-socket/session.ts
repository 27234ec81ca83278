/** One connection to the broker: carries out its calls, and gives its messages to others when it is lost. */
import type { Socket } from 'node:net'
import type { QueueDeclaration, Settlement } from '@commissaire/bus'
import type { Broker, Member } from './broker.ts'
import { received, type StoredMessage, type Subscription } from './queue.ts'
import { receiveLines, send, type BrokerFrame, type NumberedCall } from './wire.ts'

interface Unsettled {
  readonly queue: string
  readonly consumer: number
  readonly stored: StoredMessage
}

/** A connected transport. */
export class Session implements Member {
  exchange = ''
  replyQueue = ''
  readonly #broker: Broker
  readonly #socket: Socket
  readonly #subscriptions = new Map<number, Subscription & { queue: string }>()
  readonly #consumed = new Set<string>()
  readonly #unsettled = new Map<number, Unsettled>()
  #maxAttempts = 0
  #deliveries = 0

  constructor(broker: Broker, socket: Socket) {
    this.#broker = broker
    this.#socket = socket
    broker.members.add(this)
    receiveLines(socket, (line) => {
      const call: NumberedCall = JSON.parse(line)
      this.send({ id: call.id, result: this.#run(call) })
    })
    socket.on('error', () => socket.destroy())
    socket.on('close', () => this.#recover())
  }

  send(frame: BrokerFrame): void {
    send(this.#socket, frame)
  }

  hasConsumed(queue: string): boolean {
    return this.#consumed.has(queue)
  }

  unsettled(queue: string): number {
    return [...this.#unsettled.values()].filter((one) => one.queue === queue).length
  }

  #run(call: NumberedCall): unknown {
    switch (call.call) {
      case 'join':
        this.exchange = call.exchange
        this.replyQueue = call.replyQueue
        this.#maxAttempts = call.maxAttempts
        return null
      case 'publish':
        return this.#broker.publish(this.exchange, call.message)
      case 'reply':
        return this.#broker.reply(call.reply.queue, call.reply.body)
      case 'broadcast':
        return this.#broker.broadcast(this.exchange, call.text)
      case 'consume':
        return this.#consume(call.queue, call)
      case 'stop':
        return this.#stop(call.consumer)
      case 'settle':
        return this.#settle(call.delivery, call.settlement)
      case 'stats':
        return this.#broker.stats(call.queue)
      case 'list':
        return this.#broker.list(call.queue, call.limit)
      case 'replay':
        return this.#broker.replay(call.queue, call.message)
      case 'drop':
        return this.#broker.drop(call.queue, call.message)
      default:
        return null
    }
  }

  #consume(queue: QueueDeclaration, { consumer, prefetch }: { consumer: number; prefetch: number }): void {
    const held = (): number => [...this.#unsettled.values()].filter((one) => one.consumer === consumer).length
    const subscription = {
      queue: queue.name,
      room: () => prefetch - held(),
      deliver: (stored: StoredMessage) => this.#deliver({ queue: queue.name, consumer, stored }),
    }
    this.#broker.bind(this.exchange, queue)
    this.#consumed.add(queue.name)
    this.#subscriptions.set(consumer, subscription)
    this.#broker.queue(queue.name).subscribe(subscription)
  }

  #deliver(unsettled: Unsettled): void {
    const { queue, consumer, stored } = unsettled
    const delivery = this.#deliveries++
    this.#unsettled.set(delivery, unsettled)
    this.send({ event: 'delivery', consumer, delivery, message: received(queue, stored) })
  }

  #stop(consumer: number): void {
    const subscription = this.#subscriptions.get(consumer)
    if (subscription) this.#broker.queue(subscription.queue).unsubscribe(subscription)
    this.#subscriptions.delete(consumer)
  }

  #settle(delivery: number, settlement: Settlement): void {
    const unsettled = this.#unsettled.get(delivery)
    if (!unsettled) return
    const { queue, stored } = unsettled
    this.#unsettled.delete(delivery)
    if (settlement.kind === 'released') this.#broker.queue(queue).putBack(stored)
    else {
      if (settlement.kind === 'dead') this.#broker.setAside(queue, stored, settlement.reason)
      if (settlement.reply) this.#broker.reply(settlement.reply.queue, settlement.reply.body)
    }
    this.#broker.queue(queue).dispatch()
  }

  /** The connection is lost: its messages go to other consumers, in their order. */
  #recover(): void {
    this.#broker.members.delete(this)
    for (const consumer of this.#subscriptions.keys()) this.#stop(consumer)
    for (const { queue, stored } of [...this.#unsettled.values()].toReversed())
      this.#broker.recover(queue, stored, this.#maxAttempts)
    this.#unsettled.clear()
  }
}
