/** Resolves the name of a host to its address. */
import { Failure } from '../cli/failure.ts'

/** The address of a host: the IPv4 one where a name has several, as hosts have always been registered by it. */
export async function addressOf(host: string): Promise<string> {
  const [{ lookup }, { isIP }] = await Promise.all([import('node:dns/promises'), import('node:net')])
  if (isIP(host)) return host
  try {
    const found = await lookup(host, { all: true, order: 'ipv4first' })
    return found[0]?.address ?? host
  } catch (cause) {
    throw new Failure(
      `${host}: the name could not be resolved to an address. Check its spelling, or give the address.`,
      {
        cause,
      },
    )
  }
}
