/** Which names a reply queue can have on RabbitMQ. */

const SYSTEM_SUFFIXES = ['.dead', '.retry']
/** Names that the broker itself gives to reply queues. */
const BROKER_REPLIES = ['amq.gen-', 'amq.rabbitmq.reply-to']

/** Why a name cannot be that of a reply queue; undefined where it can. */
export function replyRule(name: string): string | undefined {
  if (name.startsWith('_commissaire.') || SYSTEM_SUFFIXES.some((suffix) => name.endsWith(suffix)))
    return 'it is a queue of the message system'
  if (name.startsWith('amq.') && !BROKER_REPLIES.some((prefix) => name.startsWith(prefix)))
    return 'it is reserved by the broker'
  return undefined
}
