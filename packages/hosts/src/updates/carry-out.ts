/** Runs a command of a family on a host as root, as often as it asks for, and throws when it fails. */
import { HostError } from '../errors.ts'
import type { OsCommand, Question } from '../oscmd/commands.ts'
import type { Remote, RunOptions } from '../remote.ts'

/** What callers may say about the commands run for them. */
export interface CarryOutOptions {
  readonly signal?: AbortSignal
  /** Called with each line that the host prints. */
  readonly onLine?: NonNullable<RunOptions['onLine']>
}

/** A command that asks to be run again is run at most this often; zypper needs two, rarely three. */
const mostRounds = 5

/** Runs it until it is done. Tells whether it changed anything. */
export async function carryOut(
  remote: Remote,
  command: OsCommand,
  options: CarryOutOptions = {},
): Promise<'done' | 'nothing'> {
  for (let round = 1; round <= mostRounds; round += 1) {
    const { run, timeout, input } = command
    const result = await remote.run(run, {
      sudo: true,
      timeout,
      // Killing a package manager for what it prints would leave the host half changed.
      overflow: 'drop',
      ...(input !== undefined && { input }),
      ...options,
    })
    const outcome = command.read(result)
    if (outcome.kind === 'again') continue
    if (outcome.kind === 'busy') throw busy(remote, command)
    if (outcome.kind === 'failed') throw failure(remote, command, outcome.reason)
    return outcome.kind
  }
  throw failure(remote, command, `asked to be run again ${mostRounds} times`)
}

/** Asks one of the family's questions. */
export async function askHost<T>(
  remote: Remote,
  question: Question<T>,
  options: CarryOutOptions = {},
): Promise<T> {
  return question.read(await remote.run(question.run, { sudo: true, timeout: question.timeout, ...options }))
}

function busy({ address }: Remote, { run, title }: OsCommand): HostError {
  return new HostError(
    'busy',
    `${address}: ${title ?? `"${run}"`} found the lock of the package manager taken`,
    {
      address,
    },
  )
}

function failure({ address }: Remote, { run, title }: OsCommand, reason: string): HostError {
  return new HostError('command_failed', `${address}: ${title ?? `"${run}"`} ${reason}`, {
    address,
    details: { command: run },
  })
}
