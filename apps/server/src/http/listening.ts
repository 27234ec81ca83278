/**
 * Starts to listen. When the address cannot be used, the error names the wrong setting and what to do.
 */
import { ConfigError } from '@commissaire/service'
import type { FastifyInstance } from 'fastify'

/** An address to listen on. */
export interface ListenAddress {
  readonly host: string
  readonly port: number
}

/** Resolves when the app listens. Rejects with a ConfigError when the address cannot be used. */
export async function listen(app: FastifyInstance, address: ListenAddress): Promise<void> {
  try {
    await app.listen({ ...address })
  } catch (cause) {
    throw explainListenError(cause, address) ?? cause
  }
}

function explainListenError(error: unknown, { host, port }: ListenAddress): ConfigError | undefined {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const fault = (setting: string, text: string) => new ConfigError([{ setting, text }], { cause: error })
  if (code === 'EADDRINUSE') {
    return fault(
      'listen_port',
      `is ${port}, and another program listens there; stop it (ss -tlnp shows it) or choose another port`,
    )
  }
  if (code === 'EACCES') {
    return fault(
      'listen_port',
      `is ${port}, which this user may not use; choose a port above 1023, or give the program CAP_NET_BIND_SERVICE`,
    )
  }
  if (['EADDRNOTAVAIL', 'ENOTFOUND', 'EAI_AGAIN', 'EINVAL'].includes(code)) {
    return fault(
      'listen_interface',
      `is "${host}", which is not an address of this machine (${code}); "ip addr" lists them, and 0.0.0.0 means all`,
    )
  }
  return undefined
}
