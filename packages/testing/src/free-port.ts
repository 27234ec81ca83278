/** Finds ports that nothing listens on. */
import { once } from 'node:events'
import { createServer } from 'node:net'

/** Returns a port that is free now. */
export async function freePort(address = '127.0.0.1'): Promise<number> {
  const [port = 0] = await freePorts(1, address)
  return port
}

/** Returns several free ports, all different. */
export async function freePorts(count: number, address = '127.0.0.1'): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, address))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => {
    const bound = server.address()
    return typeof bound === 'object' && bound ? bound.port : 0
  })
  await Promise.all(servers.map((server) => once(server.close(), 'close')))
  return ports
}
