/**
 * The names of the bus in NATS: every exchange, queue and word of a routing key is encoded as one token of a subject.
 *
 * A token keeps letters, digits, `-` and `_`. Every other byte is written as `=` and two hexadecimal digits, and the
 * empty text as `=`. So a token contains no `@`, which separates the parts of stream names, no `.`, `*` and `>`, which
 * are special in NATS, and no `%`, which NATS 2.9 does not accept in stream names.
 */

/** Encodes any text as one token of a subject or a stream name. */
export function encodeToken(text: string): string {
  if (text === '') return '='
  if (!text.isWellFormed()) throw new TypeError(`the name ${JSON.stringify(text)} is not valid Unicode`)
  return encodeURIComponent(text)
    .replaceAll('%', '=')
    .replaceAll(/[.!~*'()]/g, escape)
}

/** Decodes a token. */
export function decodeToken(token: string): string {
  return token === '=' ? '' : decodeURIComponent(token.replaceAll('=', '%'))
}

/** Decodes a token of a peer; one that cannot be decoded stays as it is. */
function readToken(token: string): string {
  try {
    return decodeToken(token)
  } catch {
    return token
  }
}

/** The consumer of a queue's stream, which all processes of the queue share. */
export const consumerName = 'work'

/** Returns the subject on which the owner of a reply queue receives replies. */
export function replySubject(queue: string): string {
  return `commissaire.reply.${encodeToken(queue)}`
}

/** Returns the subject on which a connection is asked whether it still handles a message. */
export function holderSubject(holder: string): string {
  return `commissaire.holder.${encodeToken(holder)}`
}

/** The streams and subjects of one exchange. */
export class Names {
  /** The stream that stores the bindings and the records of last attempts. */
  readonly registry: string
  /** The subjects of all bindings, of all records of last attempts, and of broadcasts. */
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

  /** Returns the subject of all messages of a queue. */
  messages(queue: string): string {
    return `commissaire.queue.${this.#exchange}.${encodeToken(queue)}.>`
  }

  message(queue: string, routingKey: string): string {
    return `commissaire.queue.${this.#exchange}.${encodeToken(queue)}.${this.#key(routingKey)}`
  }

  /** Reads the routing key from the subject of a message. */
  routingKey(subject: string): string {
    return subject.split('.').slice(4).map(readToken).join('.')
  }

  binding(queue: string, key: string): string {
    return checkSubject(
      `commissaire.binding.${this.#exchange}.${encodeToken(queue)}.${encodeToken(key)}`,
      key,
    )
  }

  /** Reads the queue and the binding key from the subject of a binding. */
  readBinding(subject: string): { queue: string; key: string } {
    const [queue = '=', key = '='] = subject.split('.').slice(3)
    return { queue: readToken(queue), key: readToken(key) }
  }

  lastAttempt(queue: string, sequence: number): string {
    return `commissaire.will.${this.#exchange}.${encodeToken(queue)}.${sequence}`
  }

  /** Encodes a routing key, with a cache because keys are used again. */
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
