/**
 * Lets in whoever shows a client certificate that the server's `tls-clientverifyfile` vouches for.
 *
 * Options: `cn`, the common name that the certificate must have; without it, any that verifies. The common name is the
 * user.
 */
import { TLSSocket } from 'node:tls'
import { ConfigError } from '@commissaire/service'
import { z } from 'zod'
import type { Authenticator, AuthenticatorTools, Credentials, Identity } from '../authenticator.ts'
import { readOptions } from './plugin-options.ts'

const Options = z.object({ cn: z.string().min(1).optional() })

/** Opens it, on a server that verifies the certificates of its clients. */
export async function open(
  options: unknown,
  { verifiesClients = false }: AuthenticatorTools,
): Promise<Authenticator> {
  const { cn } = readOptions(Options, options, { plugin: 'httpauthclientcert' })
  if (verifiesClients) return { authenticate: async (credentials) => holder(credentials, cn) }
  throw new ConfigError([
    'httpauthclientcert would let nobody in, as the server asks for no client certificates; set "tls_clientverifyfile"',
  ])
}

/** Who holds the certificate of this connection. */
function holder({ request }: Credentials, wanted: string | undefined): Identity | undefined {
  const { socket } = request.raw
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined
  // Without a certificate there is an empty object, which the type does not say.
  const { subject }: { subject?: { CN?: unknown } } = socket.getPeerCertificate()
  const name = subject?.CN
  if (typeof name !== 'string' || name === '') return undefined
  return wanted === undefined || name === wanted ? { user: name } : undefined
}
