/** A NATS server on a free port, with JetStream on disk, which can be killed and started again with what it had. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../free-port.ts'
import { until } from '../until.ts'

/** Whether there is a server to test with. In CI its absence is a failure, not a reason to skip. */
export const haveNats = present()

function present(): boolean {
  if (spawnSync('nats-server', ['--version']).status === 0) return true
  if (process.env['CI']) throw new Error('nats-server is missing; run: apt-get install nats-server')
  console.warn('SKIPPED all tests on NATS: nats-server is missing; run: apt-get install nats-server')
  return false
}

/** Additional lines of `nats-server.conf`, and whether JetStream is enabled. */
export interface NatsSettings {
  readonly config?: string
  readonly jetstream?: boolean
}

/** A server and its address. */
export class NatsServer implements AsyncDisposable {
  readonly port: number
  readonly #directory: string
  #process: ChildProcess | undefined

  private constructor(port: number, directory: string) {
    this.port = port
    this.#directory = directory
  }

  static async start({ config = '', jetstream = true }: NatsSettings = {}): Promise<NatsServer> {
    const server = new NatsServer(await freePort(), await mkdtemp(join(tmpdir(), 'commissaire-nats-')))
    const keep = jetstream ? `jetstream { store_dir: "${server.#directory}" }\n` : ''
    await writeFile(server.#configuration, `listen: "127.0.0.1:${server.port}"\n${keep}${config}\n`)
    await server.resume()
    return server
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`
  }

  async resume(): Promise<void> {
    const server = spawn('nats-server', ['-c', this.#configuration], { stdio: ['ignore', 'ignore', 'pipe'] })
    this.#process = server
    let log = ''
    server.stderr.on('data', (text) => (log += String(text)))
    await until(
      () => log.includes('Server is ready'),
      () => `nats-server is ready; it said: ${log}`,
    )
  }

  async kill(): Promise<void> {
    const server = this.#process
    this.#process = undefined
    if (!server?.kill('SIGKILL')) return
    await once(server, 'exit')
  }

  signal(signal: NodeJS.Signals): void {
    this.#process?.kill(signal)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.remove()
  }

  async remove(): Promise<void> {
    await this.kill()
    await rm(this.#directory, { recursive: true, force: true })
  }

  get #configuration(): string {
    return join(this.#directory, 'nats-server.conf')
  }
}
