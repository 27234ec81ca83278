/**
 * One host of a lab as a test holds it: where it is, how to reach it, when it was up, and its switch.
 */
import { readFileSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type BootEvent, isUp, readBootLog } from './boot-log.ts'
import { type CommandResult, result } from '../command.ts'
import { LabError } from '../errors.ts'
import { Faults } from './faults.ts'
import { consoleTail, isRunning, killRunner, shutDown, startRunner } from './runner.ts'
import { hostKeyPath, knownHostsFile, privateKeyFile } from '../ssh-key.ts'
import type { HostRecord, LabState } from '../state.ts'
import { until } from '../until.ts'

/** What a host is doing: switched off, on its way up or down, or answering. */
export type HostCondition = 'off' | 'moving' | 'up'

/** A host of a lab. */
export class LabHost {
  readonly name: string
  readonly address: string
  readonly family: string | undefined
  /** Ways to make its life hard. */
  readonly faults: Faults
  readonly #record: HostRecord
  readonly #state: LabState

  constructor(record: HostRecord, state: LabState) {
    this.name = record.name
    this.address = record.address
    this.family = record.family
    this.faults = new Faults(record)
    this.#record = record
    this.#state = state
  }

  /** What the host is doing at this moment. */
  get condition(): HostCondition {
    if (!isRunning(this.#record)) return 'off'
    return isUp(this.bootLog()) ? 'up' : 'moving'
  }

  /** The public key by which the host is known at this moment, as in "ssh-ed25519 AAAA… web1". */
  get hostKey(): string {
    return readFileSync(join(this.#record.folder, 'root', `${hostKeyPath}.pub`), 'utf8').trim()
  }

  /** All that happened to it, on a clock that every host shares. */
  bootLog(): BootEvent[] {
    return readBootLog(this.#record)
  }

  /** Runs a command on the host over ssh and tells how it ended; 255 is ssh's own failure. */
  ssh(
    command: string,
    options: { user?: 'root' | 'ops' | 'guest'; signal?: AbortSignal } = {},
  ): Promise<CommandResult> {
    const { user = 'root', ...rest } = options
    return result('ssh', [...sshOptions(this.#state.folder), `${user}@${this.address}`, command], rest)
  }

  /** How often it has come up so far. */
  get boots(): number {
    return this.bootLog().filter(({ event }) => event === 'up').length
  }

  /**
   * Waits until the host is up and a login works; tells what it printed when it cannot boot. With `boots`, until it
   * has come up so many times: a host that was told to reboot still answers for a moment.
   */
  async waitUntilUp(options: { boots?: number; timeout?: number; signal?: AbortSignal } = {}): Promise<void> {
    const { boots = 1, ...rest } = options
    const wait = { timeout: 90_000, ...rest }
    await until(() => this.#isUpOrBroken(boots), { what: `${this.name} is up`, ...wait })
    const loggedIn = async (): Promise<boolean> => (await this.ssh('true')).code === 0
    await until(loggedIn, { what: `a login on ${this.name} (${this.address}) works`, ...wait })
  }

  /** Reboots the host in order and returns when it is up again. */
  async reboot(): Promise<void> {
    const boots = this.boots + 1
    await this.ssh('systemctl reboot')
    await this.waitUntilUp({ boots })
  }

  /** Switches the host on; it boots from here on. */
  async powerOn(): Promise<void> {
    await startRunner(this.#record, this.#state)
  }

  /** Shuts the host down in order and returns when it is off. */
  async powerOff(): Promise<void> {
    await shutDown(this.#record)
  }

  /** Switches the host off at once, whatever it is doing. Its disk stays as it is. */
  async pullPlug(): Promise<void> {
    await killRunner(this.#record)
  }

  /** Every call of a stand-in on this host so far, as in "dnf -y upgrade". */
  calls(): string[] {
    return readFileSync(join(this.#record.folder, 'shared', 'calls'), 'utf8')
      .split('\n')
      .filter(Boolean)
  }

  /** Gives a stand-in the answer to all further calls; without an answer it returns to its own. */
  async answer(program: string, reply?: { stdout?: string; stderr?: string; code?: number }): Promise<void> {
    const file = join(this.#record.folder, 'shared', 'answers', program)
    if (!reply) return rm(file, { force: true })
    const { stdout = '', stderr = '', code = 0 } = reply
    await writeFile(file, `printf %s ${quote(stdout)}\nprintf %s ${quote(stderr)} >&2\nexit ${code}\n`)
  }

  #isUpOrBroken(boots: number): boolean {
    if (this.boots >= boots && isUp(this.bootLog())) return true
    if (isRunning(this.#record)) return false
    const said = consoleTail(this.#record)
    throw new LabError('host_failed', `${this.name} is switched off. The last it printed:\n${said}`)
  }
}

/** Nothing of the caller's own ssh configuration, only this lab's key and its hosts' keys. */
function sshOptions(folder: string): string[] {
  const settings = [
    'BatchMode=yes',
    'ConnectTimeout=5',
    'IdentitiesOnly=yes',
    'LogLevel=ERROR',
    'StrictHostKeyChecking=yes',
    `UserKnownHostsFile=${knownHostsFile(folder)}`,
  ]
  return ['-F', 'none', '-i', privateKeyFile(folder), ...settings.flatMap((setting) => ['-o', setting])]
}

function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}
