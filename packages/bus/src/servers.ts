/**
 * Several servers in one URL: `nats://user:password@a:4222,b:4222/?ca=…`.
 *
 * The URL standard allows one host, so the first server stays and the others become parameters named `server`.
 */

/** Rewrites an address with several servers as a URL with one. Returns any other address unchanged. */
export function firstServer(address: string): string {
  const [, scheme = '', login = '', hosts = '', rest = ''] =
    /^([a-z][a-z\d+.-]*:\/\/)((?:[^/?#]*@)?)([^/?#@]*,[^/?#@]*)(.*)$/i.exec(address) ?? []
  const [first, ...others] = hosts.split(',').filter(Boolean)
  if (first === undefined || !URL.canParse(scheme + login + first + rest)) return address
  const url = new URL(scheme + login + first + rest)
  for (const other of others) url.searchParams.append('server', other)
  return url.href
}

/** Returns the servers of a URL in order, each with its port. */
export function serversOf(url: URL, defaultPort: number): string[] {
  const others = url.searchParams.getAll('server').map((server) => new URL(`${url.protocol}//${server}`))
  return [url, ...others].map(({ hostname, port }) => `${hostname || '127.0.0.1'}:${port || defaultPort}`)
}
