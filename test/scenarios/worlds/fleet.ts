/**
 * Hosts for scenarios: real SSH servers on loopback addresses whose systems are scripted. They stand in for machines,
 * and reboot in a third of a second; real hosts are the matter of test/end-to-end.
 */
import { FakeHost, type FakeHostOptions, keyPair } from '@commissaire/hosts/testing'

/** Hosts that share a port, each at an address of its own, and let one key in. */
export class Fleet implements AsyncDisposable {
  readonly port: number
  /** The private key as the API takes it. */
  readonly key: string
  readonly #login = keyPair()
  readonly #hosts: FakeHost[] = []
  #count = 0

  private constructor(port: number) {
    this.port = port
    this.key = Buffer.from(this.#login.privateKey).toString('base64')
  }

  static async open(): Promise<Fleet> {
    await using probe = await FakeHost.start()
    return new Fleet(probe.port)
  }

  /** Adds a host that is sound and up. */
  async add(options: FakeHostOptions = {}): Promise<FakeHost> {
    const index = ++this.#count
    const host = await FakeHost.start({
      authorizedKeys: [this.#login.publicKey],
      respond: soundAnswer,
      ...options,
      address: `127.77.${index >> 8}.${index & 255}`,
      port: this.port,
    })
    host.downTime = 300
    this.#hosts.push(host)
    return host
  }

  /** Lets `remove` take each host out of the system, and switches it off. */
  async retire(remove: (address: string) => Promise<unknown>): Promise<void> {
    await Promise.all(
      this.#hosts.splice(0).map(async (host) => {
        await remove(host.address)
        await host.close()
      }),
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#hosts.map((host) => host.close()))
  }
}

/** What a sound host says to the questions of its preparation. */
export function soundAnswer({ command, input }: { command: string; input: string }) {
  if (command === 'sh -s' && input.startsWith('echo $((')) return { stdout: '42\n' }
  return command.includes('is-enabled') ? { stdout: 'enabled\n' } : undefined
}
