/** One RabbitMQ for all checks of a file, with a virtual host for each: it takes seconds to start. */

import { ErlangNode } from '@commissaire/testing'
import { connect } from '../../src/index.ts'
import { transportContract, type World } from '../../src/testing.ts'
import { open } from '../../src/transports/amqp.ts'
import { RabbitMqInjection } from './rabbitmq-injection.ts'
import { quietOptions } from './quiet-options.ts'
import { takeAndDie } from './redis-world.ts'

/** Worlds on one server, made one after the other. */
export class RabbitMqWorlds {
  readonly #node: ErlangNode
  readonly #vhosts: string[]

  private constructor(node: ErlangNode, vhosts: string[]) {
    this.#node = node
    this.#vhosts = vhosts
  }

  /** Starts a server with room for as many worlds as there are checks. */
  static async start(): Promise<RabbitMqWorlds> {
    const vhosts = Object.keys(transportContract).map((_name, index) => `world-${index}`)
    return new RabbitMqWorlds(await ErlangNode.start({ vhosts }), vhosts)
  }

  async make(): Promise<World> {
    const node = this.#node
    // The previous check may have ended while the broker was stopped.
    await node.resume()
    const vhost = this.#vhosts.pop() ?? '/'
    const url = urlOf(node, vhost)
    const injection = new RabbitMqInjection(url)
    const buses: AsyncDisposable[] = [injection]
    return {
      async connect(options) {
        const bus = await connect(url, options)
        buses.push(bus)
        return bus
      },
      open: (onReply) => open(new URL(url), quietOptions(onReply)),
      takeAndDie: (queue) => takeAndDie(url, queue),
      stopBroker: () => node.kill(),
      startBroker: () => node.resume(),
      inject: (_queue, message) => injection.inject(message),
      unsettled: (queue) => unsettled(node, vhost, queue),
      inventory: () => inventory(node, vhost),
      async [Symbol.asyncDispose]() {
        for (const bus of buses) await bus[Symbol.asyncDispose]()
        await node.resume()
      },
    }
  }

  remove(): Promise<void> {
    return this.#node.remove()
  }
}

/** The address of a virtual host. */
export function urlOf({ port }: ErlangNode, vhost: string): string {
  return `amqp://guest:guest@127.0.0.1:${port}/${encodeURIComponent(vhost)}`
}

/** Messages of a queue, and of its queue of retries, that were handed out and are not settled. */
async function unsettled(node: ErlangNode, vhost: string, queue: string): Promise<number> {
  const names = [queue, `${queue}.retry`].map((name) => `<<"${name}">>`).join(',')
  const sum =
    `lists:sum([begin {ok, Q} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"${vhost}">>, queue, N)), ` +
    `[{messages_unacknowledged, C}] = rabbit_amqqueue:info(Q, [messages_unacknowledged]), C end || N <- [${names}]])`
  const answer = await node.evaluate(sum)
  return Number(/\d+/.exec(answer)?.[0] ?? Number.NaN)
}

/** Names of all queues, with the number of their messages, and of all exchanges but those of the broker's own. */
export async function inventory(node: ErlangNode, vhost: string): Promise<string[]> {
  const answer = await node.evaluate(
    `lists:flatten([[io_lib:format("queue ~s ~b;", [N, M])
        || [{name, {resource, _, _, N}}, {messages, M}] <- rabbit_amqqueue:info_all(<<"${vhost}">>, [name, messages])],
      [io_lib:format("exchange ~s;", [N])
        || [{name, {resource, _, _, N}}] <- rabbit_exchange:info_all(<<"${vhost}">>, [name])]])`,
  )
  const found = /"(.*)"/s.exec(answer)?.[1]?.split(';').filter(Boolean)
  if (!found) throw new Error(`could not take an inventory: ${answer}`)
  return found.filter((name) => !/^exchange (amq\..*)?$|^queue amq\.gen/.test(name)).sort()
}
