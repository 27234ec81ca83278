/** Reads the options of a connection from its URL, as kombu does. */

import type { ConnectionOptions } from 'rabbitmq-client'
import { tlsOf } from '../tls.ts'

/** The address of a broker, and the credentials for it. */
export interface Address {
  /** Host, port and virtual host, for messages. */
  readonly label: string
  readonly options: ConnectionOptions
}

/** Reads the URL. An empty path or `/` means the virtual host `/`; any other path is the name after the first slash. */
export function addressOf(url: URL): Address {
  const secure = url.protocol === 'amqps:'
  const tls = tlsOf(url, ['amqps:'])
  const hostname = url.hostname.replace(/^\[(.*)\]$/, '$1').replace(/^(localhost)?$/, '127.0.0.1')
  const port = Number(url.port || (secure ? 5671 : 5672))
  const vhost = decode(url, url.pathname.replace(/^\//, '')) || '/'
  return {
    label: `${hostname}:${port}, virtual host "${vhost}"`,
    options: {
      hostname,
      port,
      vhost,
      username: decode(url, url.username) || 'guest',
      password: decode(url, url.password) || 'guest',
      ...(tls ? { tls } : {}),
    },
  }
}

function decode(url: URL, text: string): string {
  try {
    return decodeURIComponent(text)
  } catch (cause) {
    const message = `cannot connect to ${url.host}: user, password and virtual host in the URL must be percent-encoded; write %25 for a %`
    throw new Error(message, { cause })
  }
}
