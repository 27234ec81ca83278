/**
 * TLS settings in the URL of a broker, the same for every transport: `amqps://host/?ca=…&cert=…&key=…&servername=…`.
 *
 * `ca`, `cert` and `key` are paths of PEM files, read when the connection is opened. The broker's certificate is always
 * verified, against the given authority or against Node's own.
 */

import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'

/** The TLS settings of a URL: contents of PEM files, and the expected server name. */
export interface TlsOptions {
  ca?: string
  cert?: string
  key?: string
  servername?: string
}

const files = ['ca', 'cert', 'key'] as const
const parameters = [...files, 'servername']

/**
 * Reads the TLS settings of a URL; returns undefined when its scheme does not use TLS.
 * Refuses unknown parameters, and TLS parameters with a scheme that does not use TLS.
 */
export function tlsOf(url: URL, secureSchemes: readonly string[]): TlsOptions | undefined {
  const secure = secureSchemes.includes(url.protocol)
  for (const name of url.searchParams.keys()) {
    if (!parameters.includes(name)) throw unknownParameter(url, name)
    if (!secure) throw notSecure(url, { name, schemes: secureSchemes })
  }
  if (url.searchParams.has('cert') !== url.searchParams.has('key')) throw halfAnIdentity(url)
  return secure ? { ...servernameOf(url), ...readFiles(url) } : undefined
}

/** An IP address is no server name: its certificate is verified against the address itself. */
function servernameOf(url: URL): TlsOptions {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const servername = url.searchParams.get('servername') ?? (isIP(host) ? undefined : host)
  return servername === undefined ? {} : { servername }
}

function readFiles(url: URL): TlsOptions {
  const read = files.flatMap((name) => {
    const path = url.searchParams.get(name)
    return path === null ? [] : [[name, readPem(url, { name, path })]]
  })
  return Object.fromEntries(read)
}

function readPem(url: URL, { name, path }: { name: string; path: string }): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    const found = cause instanceof Error ? cause.message : String(cause)
    const message = `cannot connect to ${url.host}: "${name}" in the URL must be the path of a PEM file: ${found}`
    throw new TypeError(message, { cause })
  }
}

function unknownParameter(url: URL, name: string): Error {
  return new TypeError(
    `cannot connect to ${url.host}: "${name}" in the URL is unknown; known are ${parameters.join(', ')}`,
  )
}

function notSecure(url: URL, { name, schemes }: { name: string; schemes: readonly string[] }): Error {
  const scheme = schemes.map((one) => `${one}//`).join(' or ')
  return new TypeError(
    `cannot connect to ${url.host}: "${name}" in the URL is about TLS, which ${url.protocol}// does not use; write ${scheme}`,
  )
}

function halfAnIdentity(url: URL): Error {
  return new TypeError(
    `cannot connect to ${url.host}: "cert" and "key" in the URL belong together; give both or neither`,
  )
}
