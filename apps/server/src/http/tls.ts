/**
 * Reads the TLS options from the two files in the configuration.
 */
import { createSecureContext, type SecureContextOptions, type TlsOptions } from 'node:tls'
import { ConfigError } from '@commissaire/service'
import { readAuthorities, readKeyAndCertificate } from './pem.ts'

/** The paths of the files. */
export interface TlsFiles {
  /** A PEM file with the private key, the certificate and the chain. */
  readonly pemfile?: string | undefined
  /** A PEM file with the authorities of client certificates. With it every client needs a certificate. */
  readonly clientverifyfile?: string | undefined
}

/** Reads the files. Returns undefined when none is configured; the server then uses plain HTTP. */
export function readTls({
  pemfile,
  clientverifyfile,
}: TlsFiles): (SecureContextOptions & TlsOptions) | undefined {
  if (pemfile === undefined) {
    if (clientverifyfile === undefined) return undefined
    const text = 'is set without "tls_pemfile"; client certificates need TLS, so set both'
    throw new ConfigError([{ setting: 'tls_clientverifyfile', text }])
  }
  const pem = forSetting('tls_pemfile', () => readKeyAndCertificate(pemfile))
  const own = { key: pem, cert: pem, minVersion: 'TLSv1.2' } as const
  forSetting('tls_pemfile', () => check(pemfile, own))
  if (clientverifyfile === undefined) return own
  const ca = forSetting('tls_clientverifyfile', () => readAuthorities(clientverifyfile))
  return { ...own, ca, requestCert: true, rejectUnauthorized: true }
}

/** Adds the name of the setting to a ConfigError. */
function forSetting<T>(setting: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw error instanceof ConfigError ? error.within(setting) : error
  }
}

/** Checks that OpenSSL accepts the files; for instance, a key may be too short for its security level. */
function check(path: string, options: SecureContextOptions): void {
  try {
    createSecureContext(options)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new ConfigError([{ setting: '', text: `is "${path}", which OpenSSL rejects: ${reason}` }], {
      cause,
    })
  }
}
