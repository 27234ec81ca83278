/**
 * TLS as the URL of a broker says it: `amqps://host/?ca=…&cert=…&key=…&servername=…`, the same for every transport.
 *
 * `ca`, `cert` and `key` are paths of PEM files, read when the connection is opened. The broker's certificate is always
 * verified: against the given authority, or against those that Node knows.
 */

import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'

/** What a URL can say about TLS: texts of PEM files, and the name to expect. */
export interface TlsOptions {
  ca?: string
  cert?: string
  key?: string
  servername?: string
}

const files = ['ca', 'cert', 'key'] as const
const parameters = [...files, 'servername']

/**
 * Reads what the URL says about TLS; undefined where its scheme is one without.
 * Refuses parameters that it does not know, and such as would promise a protection that the scheme does not have.
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

/** An address has no name that could be asked for; its certificate is checked against the address itself. */
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
