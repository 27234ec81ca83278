/**
 * What goes wrong with hosts, done for real with what the kernel has: cables, signals, a full disk, a changed key.
 *
 * Each fault has its undoing beside it. All of them end with the lab.
 */
import { existsSync } from 'node:fs'
import { cp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { result, run } from '../command.ts'
import { LabError } from '../errors.ts'
import { initOf, nameOf, processesIn, signalPid } from './processes.ts'
import { setNeverReturn } from './runner.ts'
import { hostKeyPath, makeKey } from '../ssh-key.ts'
import type { HostRecord } from '../state.ts'

/** The faults of one host. */
export class Faults {
  readonly #host: HostRecord

  constructor(host: HostRecord) {
    this.#host = host
  }

  /** Pulls the network cable: packets vanish, nobody is told. */
  async linkDown(): Promise<void> {
    await run('ip', ['link', 'set', this.#host.link, 'down'])
  }

  /** Plugs the cable in again. */
  async linkUp(): Promise<void> {
    await run('ip', ['link', 'set', this.#host.link, 'up'])
  }

  /** Makes packets to the host late or lose some. Needs netem, which not every kernel has (`code: 'no_netem'`). */
  async netem(fault: { delayMs?: number; lossPercent?: number }): Promise<void> {
    const words = ['netem']
    if (fault.delayMs !== undefined) words.push('delay', `${fault.delayMs}ms`)
    if (fault.lossPercent !== undefined) words.push('loss', `${fault.lossPercent}%`)
    const { code, stderr } = await this.#queue(words)
    if (code === 0) return
    throw new LabError(
      'no_netem',
      `The kernel did not take "tc ${words.join(' ')}": ${stderr.trim()} It needs CONFIG_NET_SCH_NETEM; try "modprobe sch_netem", or use throttle().`,
    )
  }

  /** Lets only so many kilobits a second through to the host: a slow line, and beyond 20 kB in wait a lossy one. */
  async throttle(kilobits: number): Promise<void> {
    const { code, stderr } = await this.#queue([
      'tbf',
      'rate',
      `${kilobits}kbit`,
      'burst',
      '4kb',
      'limit',
      '20000',
    ])
    if (code !== 0)
      throw new LabError('command_failed', `The kernel did not take the slow line: ${stderr.trim()}`)
  }

  /** Ends `netem` and `throttle`. */
  async clearLine(): Promise<void> {
    await result('tc', ['qdisc', 'delete', 'dev', this.#host.link, 'root'])
  }

  /** sshd stops in the middle of whatever it does: connections open, and then nothing ever comes. */
  async stopSshd(): Promise<void> {
    await this.#signalSshd('SIGSTOP')
  }

  /** sshd goes on where it stood. */
  async continueSshd(): Promise<void> {
    await this.#signalSshd('SIGCONT')
  }

  /** The host shows a key that nobody knows, as after a reinstallation or before somebody in the middle. */
  async replaceHostKey(): Promise<void> {
    if (!existsSync(this.#keptKey)) await this.#copyKey(this.#hostKey, this.#keptKey)
    await makeKey(this.#hostKey, this.#host.name)
    await this.#reloadSshd()
  }

  /** The host shows its first key again. */
  async restoreHostKey(): Promise<void> {
    if (!existsSync(this.#keptKey)) return
    await this.#copyKey(this.#keptKey, this.#hostKey)
    await this.#reloadSshd()
  }

  /** The next reboot is the last: the host goes down and stays off until `powerOn()`. */
  async neverReturn(): Promise<void> {
    await setNeverReturn(this.#host, 'off')
  }

  /** Reboots return again. */
  async returnAgain(): Promise<void> {
    await setNeverReturn(this.#host, 'returns')
  }

  /** Further boots keep the boot id of this one, so that a reboot cannot be told from none. */
  async keepBootId(): Promise<void> {
    const init = await this.#init()
    const id = await run('nsenter', ['-t', `${init}`, '-m', 'cat', '/proc/sys/kernel/random/boot_id'])
    await writeFile(this.#bootId, id)
  }

  /** Each boot has its own id again, from the next on. */
  async freshBootId(): Promise<void> {
    await rm(this.#bootId, { force: true })
  }

  /** Fills the host's disk to the last byte. */
  async fillDisk(): Promise<void> {
    await result('dd', ['if=/dev/zero', `of=${this.#filling}`, 'bs=1M'])
    await result('dd', ['if=/dev/zero', `of=${this.#filling}.rest`, 'bs=1'])
  }

  /** Gives the space back. */
  async emptyDisk(): Promise<void> {
    await Promise.all([rm(this.#filling, { force: true }), rm(`${this.#filling}.rest`, { force: true })])
  }

  get #hostKey(): string {
    return join(this.#host.folder, 'root', hostKeyPath)
  }

  get #keptKey(): string {
    return join(this.#host.folder, 'first-host-key')
  }

  get #bootId(): string {
    return join(this.#host.folder, 'shared', 'boot_id')
  }

  get #filling(): string {
    return join(this.#host.folder, 'root', 'var/tmp/lab-filling')
  }

  /** Replaces what the kernel does with packets on their way to the host. */
  async #queue(words: string[]): ReturnType<typeof result> {
    await this.clearLine()
    return result('tc', ['qdisc', 'add', 'dev', this.#host.link, 'root', ...words])
  }

  async #signalSshd(signal: NodeJS.Signals): Promise<void> {
    for (const pid of await processesIn(this.#host.namespace))
      if (nameOf(pid) === 'sshd') signalPid(pid, signal)
  }

  async #copyKey(from: string, to: string): Promise<void> {
    await cp(from, to)
    await cp(`${from}.pub`, `${to}.pub`)
  }

  /** A host that is off reads its key when it boots. */
  async #reloadSshd(): Promise<void> {
    const init = await initOf(this.#host.namespace)
    if (init) await run('nsenter', ['-t', `${init}`, '-a', 'systemctl', 'reload', 'ssh'])
  }

  async #init(): Promise<number> {
    const init = await initOf(this.#host.namespace)
    if (init) return init
    throw new LabError('host_failed', `${this.#host.name} is off; this fault needs it switched on.`)
  }
}
