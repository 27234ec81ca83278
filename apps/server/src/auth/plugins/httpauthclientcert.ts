/**
 * Authenticates by client certificates that an authority in the server's `tls-clientverifyfile` has signed.
 *
 * Option: `cn`, the common name that the certificate must have; default any. The common name becomes the user name.
 */
import { TLSSocket } from 'node:tls'
import { ConfigError } from '@commissaire/service'
import { z } from 'zod'
import type { Authenticator, AuthenticatorTools, Credentials, Identity } from '../authenticator.ts'
import { readOptions } from './plugin-options.ts'

const Options = z.object({ cn: z.string().min(1).optional() })

/** Opens the plugin. Throws a ConfigError when the server does not verify client certificates. */
export async function open(
  options: unknown,
  { verifiesClients = false }: AuthenticatorTools,
): Promise<Authenticator> {
  const { cn } = readOptions(Options, options, { plugin: 'httpauthclientcert' })
  if (verifiesClients) return { authenticate: async (credentials) => certificateHolder(credentials, cn) }
  throw new ConfigError([
    'httpauthclientcert would deny everybody, because the server requests no client certificates; set "tls_clientverifyfile"',
  ])
}

/** Returns the user of the connection's client certificate. */
function certificateHolder({ request }: Credentials, wanted: string | undefined): Identity | undefined {
  const { socket } = request.raw
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined
  // Without a certificate getPeerCertificate() returns an empty object, which its type does not say.
  const { subject }: { subject?: { CN?: unknown } } = socket.getPeerCertificate()
  const name = subject?.CN
  if (typeof name !== 'string' || name === '') return undefined
  return wanted === undefined || name === wanted ? { user: name } : undefined
}
