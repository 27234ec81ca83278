/**
 * A private etcd for the tests of a file, in a directory of its own; it can be killed and started again, and can talk
 * TLS with certificates of an authority that is made for it.
 */
import { freePort } from '../free-port.ts'
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { setTimeout as delay } from 'node:timers/promises'
import { type Authority, makeAuthority } from '../certificates.ts'

const run = promisify(execFile)

/** Whether there is an etcd to test with. In CI a missing one is a failure. */
export function etcdIsThere(): boolean {
  if (spawnSync('etcd', ['--version']).status === 0) return true
  const message =
    'etcd is missing, so nothing is tested against it; run: apt-get install etcd-server etcd-client'
  if (process.env['CI']) throw new Error(message)
  console.warn(message)
  return false
}

/** An etcd that is ours alone. */
export class EtcdServer implements AsyncDisposable {
  readonly #directory = mkdtempSync(join(tmpdir(), 'commissaire-etcd-'))
  readonly #ports: readonly [client: number, peer: number]
  readonly #flags: readonly string[]
  /** The certificates it talks TLS with, when it does. */
  readonly authority: Authority | undefined
  #process: ChildProcess | undefined

  private constructor(
    ports: readonly [number, number],
    authority: Authority | undefined,
    flags: readonly string[],
  ) {
    this.#ports = ports
    this.authority = authority
    this.#flags = flags
  }

  /** Starts one, and waits until it is healthy. */
  static async start({
    tls = false,
    flags = [],
  }: { tls?: boolean; flags?: readonly string[] } = {}): Promise<EtcdServer> {
    const ports = [await freePort(), await freePort()] as const
    const server = new EtcdServer(ports, tls ? makeAuthority() : undefined, flags)
    await server.restart()
    return server
  }

  get url(): string {
    return `${this.authority ? 'https' : 'http'}://127.0.0.1:${this.#ports[0]}`
  }

  /** Starts it again with what it had. */
  async restart(): Promise<void> {
    const peer = `http://127.0.0.1:${this.#ports[1]}`
    const places = ['--data-dir', join(this.#directory, 'data'), '--listen-peer-urls', peer]
    const names = ['--initial-advertise-peer-urls', peer, '--initial-cluster', `default=${peer}`]
    const client = ['--listen-client-urls', this.url, '--advertise-client-urls', this.url]
    this.#process = spawn('etcd', [...places, ...names, ...client, ...this.#tls(), ...this.#flags], {
      stdio: 'ignore',
    })
    await this.#untilHealthy()
  }

  /** Ends it as a power cut would. */
  async kill(): Promise<void> {
    const child = this.#process
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }

  signal(signal: NodeJS.Signals): void {
    this.#process?.kill(signal)
  }

  /** Stops it from answering without closing a connection; returns when it has stopped. The function lets it go on. */
  freeze(): () => void {
    this.#process?.kill('SIGSTOP')
    while (this.#state() !== 'T');
    return () => void this.#process?.kill('SIGCONT')
  }

  /** The letter by which the kernel says in which state the process is; `T` is stopped. */
  #state(): string {
    const pid = this.#process?.pid
    if (pid === undefined) return 'T'
    return /\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1] ?? ''
  }

  /** What other people do with it. */
  async etcdctl(...args: readonly string[]): Promise<string> {
    const { ca, client } = this.authority ?? {}
    const tls = ca && client ? ['--cacert', ca, '--cert', client.certificate, '--key', client.key] : []
    const { stdout } = await run('etcdctl', ['--endpoints', this.url, ...tls, ...args], {
      env: { ...process.env, ETCDCTL_API: '3' },
    })
    return stdout.trim()
  }

  /** Ends it and removes what it had. */
  async close(): Promise<void> {
    await this.kill()
    rmSync(this.#directory, { recursive: true, force: true })
    this.authority?.[Symbol.dispose]()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #tls(): string[] {
    if (!this.authority) return []
    const { ca, server } = this.authority
    const own = ['--cert-file', server.certificate, '--key-file', server.key]
    return [...own, '--client-cert-auth', '--trusted-ca-file', ca]
  }

  async #untilHealthy(): Promise<void> {
    const end = performance.now() + 20_000
    for (;;) {
      try {
        await this.etcdctl('--command-timeout=1s', 'endpoint', 'health')
        return
      } catch (error) {
        if (performance.now() > end) throw error
      }
      await delay(50)
    }
  }
}
