/**
 * The queues that a service consumes. A queue without a name gets one from the class and the routing key. It is the same
 * in every process, so that the processes of a service share the messages instead of each receiving all of them.
 */
import type { QueueDeclaration } from '@commissaire/bus'

/** A queue in the options of a service. */
export interface ServiceQueue {
  readonly name?: string
  readonly routingKey: string
}

/** Groups the queues by name: one declaration for each name, with all its routing keys. */
export function declareQueues(className: string, queues: readonly ServiceQueue[]): QueueDeclaration[] {
  const keysOf = new Map<string, string[]>()
  for (const { name, routingKey } of queues) {
    const queue = name ?? queueName(className, routingKey)
    keysOf.set(queue, [...(keysOf.get(queue) ?? []), routingKey])
  }
  return [...keysOf].map(([name, routingKeys]) => ({ name, routingKeys: [...new Set(routingKeys)] }))
}

/** Converts a class name to kebab case: `HostWatcher` to `host-watcher`. */
export function kebab(className: string): string {
  return className.replaceAll(/(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/g, '-').toLowerCase()
}

/** The default name: `Greeter` and `greeter.*` give `greeter`; `Auditor` and `notify.storage.#` give `auditor-notify-storage`. */
function queueName(className: string, routingKey: string): string {
  const words = routingKey.split('.').filter((word) => word !== '*' && word !== '#')
  const service = kebab(className) || 'service'
  return words.join('-') === service || words.length === 0 ? service : [service, ...words].join('-')
}
