/**
 * What TLS needs, read from the two files that the configuration names.
 */
import { createSecureContext, type SecureContextOptions, type TlsOptions } from 'node:tls'
import { ConfigError } from '@commissaire/service'
import { readAuthorities, readKeyAndCertificate } from './pem.ts'

/** Where the files are. */
export interface TlsFiles {
  /** Private key and certificate, with the chain, in one PEM file. */
  readonly pemfile?: string | undefined
  /** The authorities of client certificates. With it nobody gets in without one. */
  readonly clientverifyfile?: string | undefined
}

/** Reads the files; undefined when the configuration names none, and HTTP is plain. */
export function readTls({
  pemfile,
  clientverifyfile,
}: TlsFiles): (SecureContextOptions & TlsOptions) | undefined {
  if (pemfile === undefined) {
    if (clientverifyfile === undefined) return undefined
    const text = 'is given without "tls_pemfile"; client certificates need TLS, so set that too'
    throw new ConfigError([{ setting: 'tls_clientverifyfile', text }])
  }
  const pem = of('tls_pemfile', () => readKeyAndCertificate(pemfile))
  const own = { key: pem, cert: pem, minVersion: 'TLSv1.2' } as const
  of('tls_pemfile', () => check(pemfile, own))
  if (clientverifyfile === undefined) return own
  const ca = of('tls_clientverifyfile', () => readAuthorities(clientverifyfile))
  return { ...own, ca, requestCert: true, rejectUnauthorized: true }
}

/** Says of a fault which setting it is of. */
function of<T>(setting: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw error instanceof ConfigError ? error.within(setting) : error
  }
}

/** The last word has who will use it: a key may be too short for the OpenSSL of this machine. */
function check(path: string, options: SecureContextOptions): void {
  try {
    createSecureContext(options)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new ConfigError([{ setting: '', text: `is "${path}", which TLS refuses: ${reason}` }], { cause })
  }
}
