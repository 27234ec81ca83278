/**
 * Keeps the client library from parsing bodies: it parses what is labelled JSON or text and names no encoding, and a
 * body that is nested deep enough cannot be written back. With an encoding it leaves the bytes alone.
 */

import type { Channel } from 'rabbitmq-client'

/** What stands for the encoding of a message that names none. */
export const NO_ENCODING = 'x-none'

interface HeaderFrame {
  readonly fields: { contentEncoding?: string }
}

type HeaderHandler = (frame: HeaderFrame) => void

/** Makes a channel hand over the bytes of every body. Throws where the library works differently. */
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
