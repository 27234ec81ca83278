/** The names that a reply queue can have on RabbitMQ. */

const SYSTEM_SUFFIXES = ['.dead', '.retry']
/** The prefixes of reply queues that the broker names. */
const BROKER_REPLIES = ['amq.gen-', 'amq.rabbitmq.reply-to']

/** Returns why a name cannot be that of a reply queue; undefined when it can. */
export function replyRule(name: string): string | undefined {
  if (name.startsWith('_commissaire.') || SYSTEM_SUFFIXES.some((suffix) => name.endsWith(suffix)))
    return 'it is a queue of the message system'
  if (name.startsWith('amq.') && !BROKER_REPLIES.some((prefix) => name.startsWith(prefix)))
    return 'it is reserved by the broker'
  return undefined
}
