/**
 * Runs commands as root without a password, with a clear error when sudo refuses.
 *
 * A command is handed to `sudo -n sh -c`, so that pipes and redirections in it happen as root too.
 */
import { HostError } from '../errors.ts'
import { quote } from './quote.ts'
import type { CommandResult } from '../remote.ts'

/** The command as root would run it: itself for root, through `sudo -n` for anybody else. */
export function asRoot(command: string, user: string): string {
  return user === 'root' ? command : `LC_ALL=C sudo -n -- sh -c ${quote(command)}`
}

/** The line that lets a user become root without a password. */
export function sudoersLine(user: string): string {
  return `${user} ALL=(ALL) NOPASSWD: ALL`
}

/** The error for a host on which we may not become root. */
export function noSudo(address: string, user: string, found: string): HostError {
  const remedy = `On the host, as root, write "${sudoersLine(user)}" to /etc/sudoers.d/commissaire, or let root in`
  return new HostError('no_sudo', `${user}@${address} tried sudo -n: ${found}`, { address, remedy })
}

const refusals: readonly (readonly [RegExp, string])[] = [
  [/sudo: (a password is required|a terminal is required)/, 'sudo asks for a password'],
  [/(sudo: not found|sudo: command not found|sudo: No such file)/i, 'sudo is not installed'],
  [/is not (in the sudoers file|allowed to (run sudo|execute))/, 'the user is not in the sudoers file'],
  [/^sudo: .*(no tty present|must have a tty)/m, 'sudo wants a terminal (requiretty)'],
]

/** Throws `no_sudo` when it was sudo that failed, not the command behind it. */
export function checkSudo(result: CommandResult, address: string, user: string): void {
  if (user === 'root' || result.code === 0) return
  const refusal = refusals.find(([pattern]) => pattern.test(result.stderr))
  if (refusal) throw noSudo(address, user, refusal[1])
}
