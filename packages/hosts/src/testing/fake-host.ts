/**
 * A scripted host on a loopback address: a real SSH server with a host key, facts, latency, failures and reboots of
 * its own. Hundreds of them live in one process; it is a simulation, and figures taken with it should say so.
 */
import { randomInt, randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { ServerChannel } from 'ssh2'
import { factsProbe, bootStatusProbe } from '../facts/probe.ts'
import { preflightProbe } from '../preflight/probe.ts'
import { killSiblings } from '../ssh/run/kill.ts'
import type { Target } from '../ssh/target.ts'
import { factsAnswer, type HostState, preflightAnswer, bootStatusAnswer, rebootAnswer } from './answers.ts'
import { type Call, end, FakeServer, flood } from './fake-server.ts'
import { type KeyPair, keyPair } from './key-pair.ts'
import { LocalShell } from './local-shell.ts'
import type { Reply } from './reply.ts'
import type { SystemName } from './systems.ts'

/** What is wrong with the host. */
export type Failure =
  /** It takes connections and never says a word. */
  | 'silent'
  /** It lets us in, takes commands and never answers. */
  | 'hangs'
  /** It ends the connection when a command comes. */
  | 'drops'
  /** It answers every command with output that never ends. */
  | 'floods'
  /** It refuses every login. */
  | 'refuses_login'
  /** Its answers are cut in half. */
  | 'truncates'
  /** Where its boot id should be is an error text. */
  | 'garbles_boot_id'

/** What a reboot command leads to. */
export type RebootBehaviour =
  | 'returns'
  | 'never_returns'
  | 'returns_with_same_boot_id'
  | 'returns_with_other_host_key'
  | 'reboots_twice'
  | 'ignores'

/** The moments of a reboot. */
export type RebootPhase = 'told' | 'down' | 'up'

/** What a scripted host is like. */
export interface FakeHostOptions {
  /** Any address of 127.0.0.0/8, or ::1. Default: one of its own, so that nothing else takes its port while it is down. */
  readonly address?: string
  /** Default: a free one. */
  readonly port?: number
  readonly system?: SystemName
  /** Public keys that are let in. Default: the one of `host.target()`. */
  readonly authorizedKeys?: readonly string[]
  readonly hostKey?: KeyPair
  /** Milliseconds before each answer. */
  readonly latency?: number
  /** What else it does with a command; undefined leaves it to the usual answer. */
  readonly respond?: (call: Call) => Reply | undefined | Promise<Reply | undefined>
  /** Runs what it does not know with the sh of this machine, the probes too. Default: it answers with success. */
  readonly runs?: 'scripted' | 'locally'
}

function addressOfItsOwn(): string {
  const part = (): number => randomInt(1, 255)
  return `127.${randomInt(128, 255)}.${part()}.${part()}`
}

/** A scripted host. */
export class FakeHost implements AsyncDisposable {
  readonly address: string
  /** Every command line that came in, except the probes. */
  readonly commands: string[] = []
  /** What is wrong with it now. */
  failure: Failure | undefined
  onReboot: RebootBehaviour = 'returns'
  /** Milliseconds that a reboot keeps it away. */
  downTime = 200
  /** Milliseconds between the reboot command and its going down. */
  goingDown = 50
  systemdState = 'running'
  failedUnits: readonly string[] = []
  /** Called when it has been told to reboot, is down, and is up again: the moments to change something about it. */
  onPhase: (phase: RebootPhase) => void = () => {}
  privilege = 'root'
  latency: number
  /** Lines of the facts answer that differ from the system's. */
  lines: readonly string[] = []
  readonly #options: FakeHostOptions
  readonly #server: FakeServer
  readonly #ownKey: KeyPair = keyPair()
  readonly #shell = new LocalShell()
  #hostKey: KeyPair
  #bootId: string = randomUUID()
  #bootedAt = Date.now() - 3_600_000
  #softReboots = 0
  /** It boots once more as soon as somebody has seen that it is back. */
  #isAboutToRebootAgain = false
  #isClosed = false

  private constructor(options: FakeHostOptions) {
    this.#options = options
    this.address = options.address ?? addressOfItsOwn()
    this.latency = options.latency ?? 0
    this.#hostKey = options.hostKey ?? keyPair()
    this.#server = new FakeServer({
      address: this.address,
      port: options.port ?? 0,
      hostKey: () => this.#hostKey.privateKey,
      authorizedKeys: () => (this.failure === 'refuses_login' ? [] : this.#authorizedKeys()),
      isSilent: () => this.failure === 'silent',
      onCall: (call, channel, drop) => void this.#answer(call, channel, drop),
    })
  }

  static async start(options: FakeHostOptions = {}): Promise<FakeHost> {
    const host = new FakeHost(options)
    await host.#server.listen()
    return host
  }

  get port(): number {
    return this.#server.port
  }

  /** Its host key, `ssh-ed25519 AAAA…`. */
  get hostKey(): string {
    return this.#hostKey.publicKey
  }

  get bootId(): string {
    return this.#bootId
  }

  /** How many connections were made to it. */
  get connections(): number {
    return this.#server.connections
  }

  /** How to reach it, with a key that it lets in and its host key pinned. */
  target(changes: Partial<Target> = {}): Target {
    const { address, port, hostKey } = this
    return { address, port, hostKey, user: 'root', privateKey: this.#ownKey.privateKey, ...changes }
  }

  /** Installs it anew: another host key, another boot. */
  async reinstall(): Promise<void> {
    await this.goDown()
    this.#hostKey = keyPair()
    await this.comeUp()
  }

  /** Switches it off: connections end and its port refuses. */
  goDown(): Promise<void> {
    return this.#server.stop()
  }

  /** Switches it on, with a new boot id or, to play a trick, the old one. */
  async comeUp(bootId: string = randomUUID()): Promise<void> {
    if (this.#isClosed) return
    this.#bootId = bootId
    this.#bootedAt = Date.now()
    await this.#server.listen()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#shell.kill()
    await this.#server.stop()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #authorizedKeys(): readonly string[] {
    return this.#options.authorizedKeys ?? [this.#ownKey.publicKey]
  }

  async #answer(call: Call, channel: ServerChannel, drop: () => void): Promise<void> {
    if (this.failure === 'drops') return drop()
    if (this.failure === 'hangs') return
    if (this.failure === 'floods') return flood(channel)
    if (this.latency > 0) await pause(this.latency)
    const reply = await this.#reply(call)
    const stdout = reply.stdout ?? ''
    channel.write(this.failure === 'truncates' ? stdout.slice(0, stdout.length / 2) : stdout)
    if (reply.stderr) channel.stderr.write(reply.stderr)
    end(channel, reply)
    if (call.input === bootStatusProbe) channel.once('close', () => void this.#rebootAgain())
  }

  async #reply(call: Call): Promise<Reply> {
    if (call.command === killSiblings) return this.#endCommands()
    const probe = probes.get(call.input)
    if (!probe) this.commands.push(call.command)
    const scripted = await this.#options.respond?.(call)
    if (scripted) return scripted
    if (this.#options.runs === 'locally') return this.#shell.run(call.command, call.input)
    if (probe) return { stdout: probe(this.#state(call.user)) }
    if (call.command.includes('reboot_signs')) return { stdout: rebootAnswer(this.#state(call.user)) }
    if (/systemctl (soft-)?reboot|sleep 2; reboot/.test(call.command)) this.#startReboot(call.command)
    return {}
  }

  /** A real sshd's commands are its children; ours are not, so that the script would find nothing. */
  #endCommands(): Reply {
    this.#shell.kill()
    return { stdout: 'asked\n' }
  }

  #state(user: string): HostState {
    return {
      system: this.#options.system ?? 'debian',
      name: `host-${this.address}`,
      user,
      bootId: this.failure === 'garbles_boot_id' ? 'sh: cannot open boot_id' : this.#bootId,
      uptime: (Date.now() - this.#bootedAt) / 1000,
      systemdState: this.systemdState,
      failedUnits: this.failedUnits,
      softReboots: this.#softReboots,
      privilege: this.privilege,
      lines: this.lines,
    }
  }

  #startReboot(command: string): void {
    this.onPhase('told')
    if (this.onReboot === 'ignores') return
    if (command.includes('soft-reboot')) return void (this.#softReboots += 1)
    void this.#reboot()
  }

  async #reboot(): Promise<void> {
    const behaviour = this.onReboot
    const bootId = behaviour === 'returns_with_same_boot_id' ? this.#bootId : randomUUID()
    await pause(this.goingDown)
    await this.goDown()
    this.onPhase('down')
    if (behaviour === 'never_returns') return
    await pause(this.downTime)
    if (behaviour === 'returns_with_other_host_key') this.#hostKey = keyPair()
    this.#isAboutToRebootAgain = behaviour === 'reboots_twice'
    await this.comeUp(bootId)
    this.onPhase('up')
  }

  async #rebootAgain(): Promise<void> {
    if (!this.#isAboutToRebootAgain) return
    this.#isAboutToRebootAgain = false
    await this.goDown()
    await this.comeUp()
  }
}

const probes: ReadonlyMap<string, (state: HostState) => string> = new Map([
  [factsProbe, factsAnswer],
  [bootStatusProbe, bootStatusAnswer],
  [preflightProbe, preflightAnswer],
])
