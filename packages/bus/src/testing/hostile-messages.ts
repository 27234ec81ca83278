/**
 * Makes invalid messages, the same ones for the same seed: flipped and missing bytes, deep nesting, random members,
 * headers and properties, reply queues with names of the system, decompression bombs.
 */

import { deflateSync } from 'node:zlib'

/** A message as any peer may send it; each transport writes it in its own format. */
export interface HostileMessage {
  readonly routingKey: string
  readonly body: Buffer
  readonly contentType?: string
  readonly contentEncoding?: string
  readonly replyTo?: string
  readonly headers?: Readonly<Record<string, unknown>>
  /** Damages the message as the broker stores it, for transports with an envelope. */
  readonly damage?: (stored: Buffer) => Buffer
}

/** A source of random numbers: the next in [0, 1). */
export type Random = () => number

/** Random numbers from a seed (mulberry32). */
export function randomOf(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** The next hostile message for a queue that serves `<prefix>.*`. */
export function hostileMessage(random: Random, prefix: string): HostileMessage {
  const kinds = [flipped, nested, wildCall, wildHeaders, systemReply, bomb, wildProperties, damaged]
  return pick(random, kinds)(random, prefix)
}

const flipped = (random: Random, prefix: string): HostileMessage => ({
  ...good(prefix),
  body: damage(random, callOf('ask')),
  ...answerable(random),
})

function nested(random: Random, prefix: string): HostileMessage {
  const depth = pick(random, [5, 500, 520, 3_000, 5_000, 100_000])
  const [open, close] = pick(random, [
    ['[', ']'],
    ['{"a":', '}'],
    ['[{"__type__":', '}]'],
  ] as const)
  const end = random() < 0.5 ? `1${close.repeat(depth)}` : ''
  const body = Buffer.from(open.repeat(depth) + end)
  const labels = pick(random, [{ contentType: 'application/json' }, { contentType: 'text/plain' }, {}])
  return { routingKey: `${prefix}.ask`, body, ...labels, ...answerable(random) }
}

function wildCall(random: Random, prefix: string): HostileMessage {
  const members = ['jsonrpc', 'id', 'method', 'params', 'result', 'error', '__proto__', 'constructor']
  const call: Record<string, unknown> = { jsonrpc: '2.0', id: 'x', method: 'ask', params: [] }
  for (let count = 1 + random() * 3; count > 0; count--)
    Object.defineProperty(call, pick(random, members), {
      value: wild(random),
      enumerable: true,
      writable: true,
      configurable: true,
    })
  return { ...good(prefix), body: Buffer.from(JSON.stringify(call) ?? 'null'), ...answerable(random) }
}

function wildHeaders(random: Random, prefix: string): HostileMessage {
  const count = pick(random, [1, 2, 3, 5, 70])
  const names = Array.from({ length: count }, (_, index) =>
    random() < 0.8 ? pick(random, ourHeaders) : `x-${index}-${'n'.repeat(random() * 200)}`,
  )
  const headers = Object.fromEntries(names.map((name) => [name, wild(random)]))
  return { ...good(prefix), headers, ...answerable(random) }
}

const systemReply = (random: Random, prefix: string): HostileMessage => ({
  ...good(prefix),
  replyTo: pick(random, systemNames),
})

function bomb(random: Random, prefix: string): HostileMessage {
  const body = pick(random, [bombBytes, bombBytes.subarray(0, 500), Buffer.from('not packed'), callOf('ask')])
  return {
    ...good(prefix),
    body,
    headers: { compression: pick(random, compressions) },
    ...answerable(random),
  }
}

const wildProperties = (random: Random, prefix: string): HostileMessage => ({
  ...good(prefix),
  routingKey: pick(random, [
    `${prefix}.ask`,
    prefix,
    '',
    '.',
    `${prefix}.${'k'.repeat(240)}`,
    `${prefix}.ŝ😀`,
  ]),
  contentType: pick(random, [
    '',
    'application/x-python-serialize',
    'application/json; charset=utf-16',
    'x'.repeat(250),
  ]),
  contentEncoding: pick(random, ['', 'utf-8', 'binary', 'utf-16', 'x'.repeat(250)]),
  ...answerable(random),
})

const damaged = (random: Random, prefix: string): HostileMessage => ({
  ...good(prefix),
  damage: (stored) => damage(random, stored),
})

function good(prefix: string): HostileMessage {
  const body = callOf('ask')
  return { routingKey: `${prefix}.ask`, body, contentType: 'application/json', contentEncoding: 'utf-8' }
}

const callOf = (method: string): Buffer =>
  Buffer.from(`{"jsonrpc":"2.0","id":"1","method":"${method}","params":[1]}`)

const answerable = (random: Random): { replyTo?: string } =>
  random() < 0.5 ? {} : { replyTo: 'response-nobody' }

/** Flips, removes, repeats or cuts bytes. */
function damage(random: Random, bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes)
  const at = Math.floor(random() * copy.length)
  switch (Math.floor(random() * 4)) {
    case 0:
      for (let count = 1 + random() * 8; count > 0; count--)
        copy[Math.floor(random() * copy.length)] = Math.floor(random() * 256)
      return copy
    case 1:
      return copy.subarray(0, at)
    case 2:
      return Buffer.concat([copy.subarray(0, at), copy.subarray(at + 1 + Math.floor(random() * 8))])
    default:
      return Buffer.concat([copy.subarray(0, at), copy])
  }
}

const wildValues: readonly unknown[] = [
  '1e400',
  '-1',
  '0',
  '99999999999999999999',
  'NaN',
  '',
  ' ',
  'true',
  '\u0000',
  '\r\n',
  'ŝ😀',
  '\ud800',
  'v'.repeat(9_000),
  -1,
  0,
  1.5,
  1e308,
  2 ** 53,
  true,
  false,
  null,
  [],
  [1, [2, [3]]],
  {},
  { a: { b: { c: null } } },
]

const wild = (random: Random): unknown => pick(random, wildValues)

const ourHeaders = [
  'attempts',
  'redelivered',
  'deadline',
  'compression',
  'stream',
  'dead-reason',
  'dead-at',
  'dead-queue',
  'routing-key',
  'traceparent',
  'CC',
  'BCC',
  '__proto__',
  'constructor',
  'Nats-Msg-Id',
  'Nats-Expected-Stream',
  'Commissaire-Reply-To',
  'Commissaire-Attempts',
  'Commissaire-Dead-Reason',
  'Content-Type',
]

const systemNames = [
  'unacked',
  'unacked_index',
  'unacked_mutex',
  '_kombu.binding.commissaire',
  '_commissaire.leases.commissaire',
  '_commissaire.dead.dropped',
  'hostile',
  'hostile.dead',
  'hostile.retry',
  'hostile\u0006\u00163',
  '_commissaire.all.commissaire',
  'amq.topic',
  '$JS.API.STREAM.DELETE.x',
  'commissaire.queue.>',
  '*',
  '>',
  '#',
  ' ',
  '\u0000',
  'a\r\nb',
  'r'.repeat(250),
  'r'.repeat(5_000),
  'response-',
  '../x',
  '__proto__',
]

const compressions: readonly unknown[] = ['application/x-gzip', 'application/x-bz2', 'x', 1, {}, '']

/** A hundred megabytes of spaces: a hundred kilobytes. */
const bombBytes = deflateSync(Buffer.alloc(100 * 2 ** 20, 0x20))

function pick<T>(random: Random, choices: readonly T[]): T {
  const choice = choices[Math.floor(random() * choices.length)]
  if (choice === undefined) throw new RangeError('there is nothing to choose from')
  return choice
}
