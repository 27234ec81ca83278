/**
 * Prevents the client library from parsing bodies. It parses JSON and text without an encoding, and a deeply nested body
 * cannot be written again. Bodies with an encoding are left as bytes.
 */

import type { Channel } from 'rabbitmq-client'

/** The encoding that is set on messages without one. */
export const NO_ENCODING = 'x-none'

interface HeaderFrame {
  readonly fields: { contentEncoding?: string }
}

type HeaderHandler = (frame: HeaderFrame) => void

/** Makes a channel deliver the bytes of every body. Throws when the library works differently. */
export function keepBytes(channel: Channel): Channel {
  const onHeader: unknown = Reflect.get(channel, '_onHeader')
  if (!isHandler(onHeader))
    throw new TypeError(
      'rabbitmq-client has no Channel._onHeader: install the version that package.json names',
    )
  const handle: HeaderHandler = (frame) => {
    frame.fields.contentEncoding ||= NO_ENCODING
    onHeader.call(channel, frame)
  }
  Reflect.set(channel, '_onHeader', handle)
  return channel
}

function isHandler(value: unknown): value is HeaderHandler {
  return typeof value === 'function'
}
