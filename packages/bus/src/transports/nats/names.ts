/**
 * How the names of the bus lie in NATS: every exchange, queue and word of a routing key is one token of a subject, and
 * can be read back from it.
 *
 * A token keeps letters, digits, `-` and `_`; of everything else, each byte is `=` and two hexadecimal digits, and the
 * empty text is a lone `=`. So `@`, which parts the names of streams, and `.`, `*` and `>`, which mean something to NATS,
 * occur in none; and neither does `%`, which NATS 2.9 cannot bear in the name of a stream.
 */

/** Writes any text as one token of a subject, or as the name of a stream. */
export function encodeToken(text: string): string {
  if (text === '') return '='
  if (!text.isWellFormed()) throw new TypeError(`the name ${JSON.stringify(text)} is no valid Unicode`)
  return encodeURIComponent(text)
    .replaceAll('%', '=')
    .replaceAll(/[.!~*'()]/g, escape)
}

/** Reads a token back. */
export function decodeToken(token: string): string {
  return token === '=' ? '' : decodeURIComponent(token.replaceAll('=', '%'))
}

/** The consumer of a queue's stream, which all processes of the queue share. */
export const consumerName = 'work'

/** The subject on which the owner of a reply queue listens. */
export function replySubject(queue: string): string {
  return `commissaire.reply.${encodeToken(queue)}`
}

/** The subject on which a connection says whether it still works on a message. */
export function holderSubject(holder: string): string {
  return `commissaire.holder.${encodeToken(holder)}`
}

/** Names of streams and subjects of one exchange. */
export class Names {
  /** The stream that keeps the bindings. */
  readonly registry: string
  /** All bindings, all wills, and what is said to all. */
  readonly bindings: string
  readonly lastAttempts: string
  readonly broadcasts: string
  readonly #exchange: string
  readonly #keys = new Map<string, string>()

  constructor(exchange: string) {
    this.#exchange = encodeToken(exchange)
    this.registry = checkName(`@${this.#exchange}`, exchange)
    this.bindings = `commissaire.binding.${this.#exchange}.>`
    this.lastAttempts = `commissaire.will.${this.#exchange}.>`
    this.broadcasts = `commissaire.all.${this.#exchange}`
  }

  stream(queue: string): string {
    return checkName(`${encodeToken(queue)}@${this.#exchange}`, queue)
  }

  /** All messages of a queue. */
  messages(queue: string): string {
    return `commissaire.queue.${this.#exchange}.${encodeToken(queue)}.>`
  }

  message(queue: string, routingKey: string): string {
    return `commissaire.queue.${this.#exchange}.${encodeToken(queue)}.${this.#key(routingKey)}`
  }

  /** The routing key in the subject of a message. */
  routingKey(subject: string): string {
    return subject.split('.').slice(4).map(decodeToken).join('.')
  }

  binding(queue: string, key: string): string {
    return checkSubject(
      `commissaire.binding.${this.#exchange}.${encodeToken(queue)}.${encodeToken(key)}`,
      key,
    )
  }

  /** The queue and the binding key in the subject of a binding. */
  readBinding(subject: string): { queue: string; key: string } {
    const [queue = '=', key = '='] = subject.split('.').slice(3)
    return { queue: decodeToken(queue), key: decodeToken(key) }
  }

  lastAttempt(queue: string, sequence: number): string {
    return `commissaire.will.${this.#exchange}.${encodeToken(queue)}.${sequence}`
  }

  /** Routing keys come again and again. */
  #key(routingKey: string): string {
    const known = this.#keys.get(routingKey)
    if (known !== undefined) return known
    const key = checkSubject(routingKey.split('.').map(encodeToken).join('.'), routingKey)
    if (this.#keys.size >= maxKeys) this.#keys.clear()
    this.#keys.set(routingKey, key)
    return key
  }
}

const maxKeys = 10_000
const maxName = 255
/** A line of the protocol holds 4096 bytes, and two subjects besides. */
const maxSubject = 1_000

function escape(character: string): string {
  return `=${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
}

function checkName(name: string, from: string): string {
  if (name.length <= maxName) return name
  const message = `the name "${from}" makes a stream name of ${name.length} bytes on NATS, "${name}"; at most ${maxName} are possible`
  throw new TypeError(message)
}

function checkSubject(subject: string, from: string): string {
  if (subject.length <= maxSubject) return subject
  const message = `the routing key "${from}" makes a subject of ${subject.length} bytes on NATS; at most ${maxSubject} are possible`
  throw new TypeError(message)
}
