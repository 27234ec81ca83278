/**
 * The wire of a scripted host: an SSH server that lets keys in and hands each command to a function.
 *
 * It listens with a socket of its own, so that it can be silent or gone without a word, as real hosts are.
 */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import ssh2, { type AuthContext, type Connection, type ServerChannel } from 'ssh2'

/** A command as it came in. */
export interface Call {
  readonly command: string
  readonly input: string
  readonly user: string
  /** Prints while the command goes on. */
  readonly print: (text: string) => void
}

/** What the server asks its host. */
export interface FakeServerOptions {
  readonly address: string
  readonly port: number
  readonly hostKey: () => string
  /** Public keys that are let in, `type base64`. */
  readonly authorizedKeys: () => readonly string[]
  readonly isSilent: () => boolean
  readonly onCall: (call: Call, channel: ServerChannel, drop: () => void) => void
}

/** The SSH server of a scripted host. */
export class FakeServer {
  readonly #options: FakeServerOptions
  readonly #sockets = new Set<Socket>()
  #listener: Server | undefined
  #port: number
  /** How many connections were made so far. */
  connections = 0

  constructor(options: FakeServerOptions) {
    this.#options = options
    this.#port = options.port
  }

  /** The port it listens on, the same after a restart. */
  get port(): number {
    return this.#port
  }

  async listen(): Promise<void> {
    const ssh = new ssh2.Server({ hostKeys: [this.#options.hostKey()] }, (connection) =>
      this.#greet(connection),
    )
    const listener = createServer((socket) => this.#accept(socket, ssh))
    this.#listener = listener
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    listener.once('error', reject).listen(this.#port, this.#options.address, resolve)
    await promise
    this.#port = portOf(listener.address())
  }

  /** Drops every connection and listens no more. */
  async stop(): Promise<void> {
    const listener = this.#listener
    this.#listener = undefined
    for (const socket of this.#sockets) socket.destroy()
    if (listener) await new Promise<void>((resolve) => listener.close(() => resolve()))
  }

  #accept(socket: Socket, ssh: ssh2.Server): void {
    this.connections += 1
    this.#sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('close', () => this.#sockets.delete(socket)).on('error', () => socket.destroy())
    if (!this.#options.isSilent()) ssh.injectSocket(socket)
  }

  #greet(connection: Connection): void {
    let user = ''
    connection.on('error', () => connection.end())
    connection.on('authentication', (attempt) => {
      user = attempt.username
      if (this.#isAllowed(attempt)) attempt.accept()
      else attempt.reject(['publickey'])
    })
    connection.on('session', (accept) => {
      const session = accept()
      let running: ServerChannel | undefined
      session.on('signal', (_accept, _reject, { name }) => running && end(running, { signal: name }))
      session.on('exec', (acceptExec, _reject, { command }) => {
        running = acceptExec()
        this.#read(running, connection, { command, user })
      })
    })
  }

  #read(channel: ServerChannel, connection: Connection, call: Omit<Call, 'input' | 'print'>): void {
    const chunks: Buffer[] = []
    channel.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', () => channel.close())
    channel.on('end', () => {
      const input = Buffer.concat(chunks).toString('utf8')
      const print = (text: string): void => void channel.write(text)
      this.#options.onCall({ ...call, input, print }, channel, () => connection.end())
    })
  }

  #isAllowed(attempt: AuthContext): boolean {
    if (attempt.method !== 'publickey') return false
    const offered = `${attempt.key.algo.replace(/^rsa-sha2-.*/, 'ssh-rsa')} ${attempt.key.data.toString('base64')}`
    if (!this.#options.authorizedKeys().includes(offered)) return false
    if (!attempt.signature || !attempt.blob) return true
    const key = ssh2.utils.parseKey(offered)
    if (key instanceof Error) return false
    // It may answer with an Error, whatever its types say.
    const verified: unknown = key.verify(attempt.blob, attempt.signature, attempt.hashAlgo)
    return verified === true
  }
}

/** Ends a command's channel with a status or a signal. */
export function end(
  channel: ServerChannel,
  how: { code?: number | undefined; signal?: string | undefined },
): void {
  if (how.signal) channel.exit(how.signal)
  else channel.exit(how.code ?? 0)
  channel.end()
}

/** Prints on a command's channel until the channel is closed. */
export function flood(channel: ServerChannel): void {
  const chunk = 'y\n'.repeat(16 * 1024)
  const more = (): void => {
    while (channel.writable && channel.write(chunk));
  }
  channel.on('drain', more).on('close', () => channel.off('drain', more))
  more()
}

function portOf(address: AddressInfo | string | null): number {
  return typeof address === 'object' && address ? address.port : 0
}
