/**
 * What TLS needs, read from the two files that the configuration names.
 */
import { createSecureContext, type SecureContextOptions, type TlsOptions } from 'node:tls'
import { readFile } from 'node:fs/promises'
import { ConfigError } from '@commissaire/service'

/** Where the files are. */
export interface TlsFiles {
  /** Private key and certificate, with the chain, in one PEM file. */
  readonly pemfile?: string | undefined
  /** The authorities of client certificates. With it nobody gets in without one. */
  readonly clientverifyfile?: string | undefined
}

/** Reads the files; undefined when the configuration names none, and HTTP is plain. */
export async function readTls({
  pemfile,
  clientverifyfile,
}: TlsFiles): Promise<(SecureContextOptions & TlsOptions) | undefined> {
  if (pemfile === undefined) {
    if (clientverifyfile === undefined) return undefined
    throw new ConfigError([
      '"tls_clientverifyfile" is given without "tls_pemfile"; client certificates need TLS',
    ])
  }
  const pem = await read('tls_pemfile', pemfile)
  const own = { key: pem, cert: pem, minVersion: 'TLSv1.2' } as const
  check('tls_pemfile', pemfile, own)
  if (clientverifyfile === undefined) return own
  const ca = await read('tls_clientverifyfile', clientverifyfile)
  check('tls_clientverifyfile', clientverifyfile, { ca })
  return { ...own, ca, requestCert: true, rejectUnauthorized: true }
}

async function read(key: string, path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new ConfigError([`"${key}": cannot read ${path} (${cause.code})`], { cause })
  })
}

/** A file that is no key and certificate is found at the start, not at the first connection. */
function check(key: string, path: string, options: SecureContextOptions): void {
  try {
    createSecureContext(options)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new ConfigError([`"${key}": ${path} is not as it should be: ${reason}`], { cause })
  }
}
