/**
 * Calls the method for a JSON-RPC message: finds it, validates its arguments, calls it. Queues and replies are handled
 * elsewhere.
 */
import { BusError, type Message } from '@commissaire/bus'
import { argumentsFor } from './arguments.ts'
import { nearest } from '../program/did-you-mean.ts'
import type { ExposedMethod } from './methods.ts'

/** Calls the method that the message names and returns its result. */
export async function dispatch(
  service: object,
  methods: ReadonlyMap<string, ExposedMethod>,
  message: Message,
): Promise<unknown> {
  const method = findMethod(methods, message)
  const args = await argumentsFor(method, message.params)
  return Reflect.apply(method.call, service, [message, ...args])
}

/** Finds the method. Its name in the body must be the last word of the routing key. */
function findMethod(
  methods: ReadonlyMap<string, ExposedMethod>,
  { method: name = '', routingKey }: Message,
): ExposedMethod {
  const word = routingKey.slice(routingKey.lastIndexOf('.') + 1)
  if (word !== name) throw routingKeyMismatch(routingKey, word, name)
  const method = methods.get(name)
  if (method === undefined) throw unknownMethod(methods, name)
  return method
}

function routingKeyMismatch(routingKey: string, word: string, name: string): BusError {
  const text = `the routing key "${routingKey}" names the method "${word}", the body names "${name}"; both must be the same`
  return new BusError('InvalidRequest', text, {
    data: { exception: 'InvalidRequest', routing_key: routingKey },
  })
}

function unknownMethod(methods: ReadonlyMap<string, ExposedMethod>, name: string): BusError {
  const near = nearest(name, methods.keys())
  const hint =
    near.length > 0
      ? `did you mean ${near.map((each) => `"${each}"`).join(' or ')}?`
      : 'call "describe" for a list'
  return new BusError('MethodNotFound', `no method "${name}"; ${hint}`, {
    data: { exception: 'MethodNotFound', method: name, nearest: near },
  })
}
