/**
 * Starts the broker behind a Unix socket, for the processes of one machine.
 *
 *     await using server = await startBroker('/run/my-bus.sock')
 */
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { Broker } from './broker.ts'
import { Session } from './session.ts'

/** A running broker. */
export interface BrokerServer extends AsyncDisposable {
  readonly broker: Broker
}

/** Listens on the path of a socket. Disposing the result disconnects all transports. */
export async function startBroker(path: string): Promise<BrokerServer> {
  const broker = new Broker()
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    return new Session(broker, socket)
  })
  await once(server.listen(path), 'listening')
  return {
    broker,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await once(server.close(), 'close')
    },
  }
}
