/**
 * A real sshd for tests: on a free port of the loopback, with host keys and configuration in a folder of its own.
 *
 * Needs root, as it lets root in. It ends with the test and leaves nothing behind.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type KeyPair, keyPair } from './key-pair.ts'
import type { Target } from '../ssh/target.ts'

const program = '/usr/sbin/sshd'

/** Why there can be no sshd here, with what to do; undefined when there can. */
export function whyNoSshd(): string | undefined {
  if (!existsSync(program)) return `${program} is missing: apt-get install openssh-server`
  if (process.getuid?.() !== 0) return 'only root can start an sshd that lets root in: run the tests as root'
  return undefined
}

/** What an sshd is started with. */
export interface LocalSshdOptions {
  /** Further lines for sshd_config. */
  readonly config?: readonly string[]
  /** Default: 127.0.0.1. */
  readonly address?: string
}

/** A real sshd on a loopback address. */
export class LocalSshd implements AsyncDisposable {
  readonly address: string
  readonly port: number
  readonly #folder: string
  readonly #ownKey: KeyPair = keyPair()
  #process: ChildProcess | undefined

  private constructor(address: string, port: number) {
    this.address = address
    this.port = port
    this.#folder = mkdtempSync(join(tmpdir(), 'commissaire-sshd-'))
  }

  static async start(options: LocalSshdOptions = {}): Promise<LocalSshd> {
    const address = options.address ?? '127.0.0.1'
    const sshd = new LocalSshd(address, await freePort(address))
    sshd.#configure(options.config ?? [])
    await sshd.up()
    return sshd
  }

  /** Its Ed25519 host key, `ssh-ed25519 AAAA…`. */
  get hostKey(): string {
    return this.publicHostKey('ed25519')
  }

  /** One of its host keys. */
  publicHostKey(type: 'ed25519' | 'rsa'): string {
    return readFileSync(this.#path(`host_${type}.pub`), 'utf8')
      .trim()
      .split(' ')
      .slice(0, 2)
      .join(' ')
  }

  /** How to reach it, with a key that it lets in and its host key pinned. */
  target(changes: Partial<Target> = {}): Target {
    const { address, port, hostKey } = this
    return { address, port, hostKey, user: 'root', privateKey: this.#ownKey.privateKey, ...changes }
  }

  /** Gives it other host keys, as a host that was installed anew has; it is down for the moment. */
  async reinstall(): Promise<void> {
    await this.down()
    this.#makeHostKeys()
    await this.up()
  }

  async up(): Promise<void> {
    this.#process = spawn(program, ['-D', '-e', '-f', this.#path('config')], { stdio: 'ignore' })
    await untilOpen(this.address, this.port)
  }

  /** Ends the listener and every session. */
  async down(): Promise<void> {
    const child = this.#process
    this.#process = undefined
    if (!child || child.exitCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGTERM')
    await ended
  }

  async close(): Promise<void> {
    await this.down()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #configure(lines: readonly string[]): void {
    mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
    this.#makeHostKeys()
    writeFileSync(this.#path('authorized_keys'), `${this.#ownKey.publicKey}\n`, { mode: 0o644 })
    // A user who is not root must be able to read the list of keys.
    execFileSync('chmod', ['755', this.#folder])
    const config = [
      ...lines,
      `ListenAddress ${this.address.includes(':') ? `[${this.address}]` : this.address}:${this.port}`,
      `HostKey ${this.#path('host_ed25519')}`,
      `HostKey ${this.#path('host_rsa')}`,
      `AuthorizedKeysFile ${this.#path('authorized_keys')}`,
      `PidFile ${this.#path('pid')}`,
      // Start-up files of this machine's root would slow each command down.
      `SetEnv HOME=${this.#folder}`,
      'StrictModes no',
      'UsePAM no',
      'PasswordAuthentication no',
      'PermitRootLogin yes',
      'MaxStartups 500',
    ]
    writeFileSync(this.#path('config'), `${config.join('\n')}\n`)
  }

  #makeHostKeys(): void {
    for (const type of ['ed25519', 'rsa']) {
      const path = this.#path(`host_${type}`)
      rmSync(path, { force: true })
      execFileSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-f', path])
    }
  }

  #path(name: string): string {
    return join(this.#folder, name)
  }
}

function freePort(address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject)
    probe.listen(0, address, () => {
      const found = probe.address()
      probe.close(() => resolve(typeof found === 'object' && found ? found.port : 0))
    })
  })
}

async function untilOpen(address: string, port: number): Promise<void> {
  const deadline = Date.now() + 10_000
  while (!(await isOpen(address, port))) {
    if (Date.now() > deadline) throw new Error(`sshd did not open ${address} port ${port} within 10 s`)
    await pause(20)
  }
}

function isOpen(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, address)
    const tell = (answer: boolean) => (): void => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('connect', tell(true)).once('error', tell(false))
  })
}
