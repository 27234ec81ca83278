/**
 * From a message to a method: finds it, makes its arguments, calls it. Knows nothing of queues and of replies.
 * Called by `CommissaireService` for every JSON-RPC message.
 */
import { BusError, type Message } from '@commissaire/bus'
import { argumentsFor } from './arguments.ts'
import { nearest } from '../program/did-you-mean.ts'
import type { ExposedMethod } from './methods.ts'

/** Calls the method that the message asks for and gives back what it returns. */
export async function dispatch(
  service: object,
  methods: ReadonlyMap<string, ExposedMethod>,
  message: Message,
): Promise<unknown> {
  const method = find(methods, message)
  const args = await argumentsFor(method, message.params)
  return Reflect.apply(method.call, service, [message, ...args])
}

/** The method that the routing key and the body agree upon. */
function find(
  methods: ReadonlyMap<string, ExposedMethod>,
  { method: name = '', routingKey }: Message,
): ExposedMethod {
  const word = routingKey.slice(routingKey.lastIndexOf('.') + 1)
  if (word !== name) throw disagreement(routingKey, word, name)
  const method = methods.get(name)
  if (method === undefined) throw unknown(methods, name)
  return method
}

function disagreement(routingKey: string, word: string, name: string): BusError {
  const text = `the routing key "${routingKey}" asks for "${word}", the message for "${name}"; the two must be the same`
  return new BusError('InvalidRequest', text, {
    data: { exception: 'InvalidRequest', routing_key: routingKey },
  })
}

function unknown(methods: ReadonlyMap<string, ExposedMethod>, name: string): BusError {
  const near = nearest(name, methods.keys())
  const hint =
    near.length > 0 ? `did you mean ${near.map((each) => `"${each}"`).join(' or ')}?` : 'ask "describe"'
  return new BusError('MethodNotFound', `no method "${name}"; ${hint}`, {
    data: { exception: 'MethodNotFound', method: name, nearest: near },
  })
}
