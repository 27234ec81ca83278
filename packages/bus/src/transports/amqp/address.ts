/** From a URL to the options of a connection, as kombu reads such URLs. */

import type { ConnectionOptions } from 'rabbitmq-client'
import { tlsOf } from '../tls.ts'

/** Where a broker is, and how to enter it. */
export interface Address {
  /** Host, port and virtual host, for people. */
  readonly label: string
  readonly options: ConnectionOptions
}

/** Reads the URL. An empty path or `/` is the virtual host `/`; others are written without the first slash. */
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
    const message = `cannot connect to ${url.host}: user, password and virtual host in the URL must be percent-encoded; a bare % is written %25`
    throw new Error(message, { cause })
  }
}
