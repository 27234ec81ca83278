/** Parses a command line, runs its command, and returns the exit status. */
import { CommanderError } from 'commander'
import { Failure, status } from './failure.ts'
import { createProgram } from './program.ts'
import { runRow } from './run.ts'

/** Runs the command that these words name; never throws. */
export async function runCommandLine(words: readonly string[]): Promise<number> {
  let outcome: number = status.ok
  const program = createProgram(async (row, parsed) => {
    outcome = await runRow(row, parsed)
  })
  try {
    await program.parseAsync(withoutHelpWord(words), { from: 'user' })
    return outcome
  } catch (error) {
    return statusOf(error)
  }
}

/** `commctl help host create` is `commctl host create --help`. */
function withoutHelpWord(words: readonly string[]): string[] {
  return words[0] === 'help' ? [...words.slice(1), '--help'] : [...words]
}

function statusOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? status.ok : status.failed
  const failure = error instanceof Failure ? error : new Failure(unexpected(error))
  process.stderr.write(`commctl: ${failure.message}\n`)
  return failure.code
}

function unexpected(error: unknown): string {
  const told = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return `This should not have happened; please report it.\n${told}`
}
