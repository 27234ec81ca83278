/**
 * The limits of everything that arrives from a broker. A message beyond one of them is refused before it is decoded.
 *
 * `docs/reference/transports.md` has the same table; a test compares the two.
 */

/** A limit, and what it applies to. */
export interface Limit {
  readonly value: number
  readonly unit: string
  readonly meaning: string
}

const MEBIBYTE = 2 ** 20

/** Every limit, by name. */
export const limits = {
  bodyBytes: { value: 64 * MEBIBYTE, unit: 'bytes', meaning: 'a body as it is stored on the broker' },
  inflatedBytes: { value: 64 * MEBIBYTE, unit: 'bytes', meaning: 'a body after decompression' },
  bodyDepth: { value: 512, unit: 'levels', meaning: 'nested arrays and objects in a body' },
  headerCount: { value: 64, unit: 'headers', meaning: 'headers of one message' },
  headerNameBytes: { value: 128, unit: 'bytes', meaning: 'the name of a header' },
  headerValueBytes: { value: 8192, unit: 'bytes', meaning: 'the value of a header' },
  headersBytes: { value: 32_768, unit: 'bytes', meaning: 'all names and values of headers' },
  contentTypeBytes: { value: 255, unit: 'bytes', meaning: 'a content type' },
  routingKeyBytes: { value: 255, unit: 'bytes', meaning: 'a routing key' },
  replyToBytes: { value: 255, unit: 'bytes', meaning: 'the name of a reply queue' },
  idBytes: { value: 255, unit: 'bytes', meaning: 'the id of a request that is a string' },
  attempts: { value: 1000, unit: 'attempts', meaning: 'a count of attempts; a greater one counts as none' },
  deadline: {
    value: 8.64e15,
    unit: 'ms since 1970',
    meaning: 'a deadline; a greater one counts as none',
  },
} as const satisfies Record<string, Limit>

/** The name of a limit. */
export type LimitName = keyof typeof limits
