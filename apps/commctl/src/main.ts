/**
 * `commctl`: reads the command line, runs the command, prints what came of it, and leaves with a status that scripts
 * can rely on.
 */
import { readFileSync } from 'node:fs'
import { CommanderError } from 'commander'
import { Failure, status } from './failure.ts'
import { member, textOf } from './json-value.ts'
import { createProgram } from './program.ts'
import { runRow } from './run.ts'

process.exitCode = await main(process.argv.slice(2))

async function main(words: readonly string[]): Promise<number> {
  leaveQuietlyWhenNobodyReads()
  if (words[0] === '__complete') return printCandidates(words.slice(1))
  let outcome: number = status.ok
  const program = createProgram(versionOf(), async (row, given) => {
    outcome = await runRow(row, given)
  })
  try {
    await program.parseAsync(withoutHelpWord(words), { from: 'user' })
    return outcome
  } catch (error) {
    return statusOf(error)
  }
}

function versionOf(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  return textOf(member(manifest, 'version')) ?? 'unknown'
}

/** Asked by the shells' scripts; see `completion`. */
async function printCandidates(words: readonly string[]): Promise<number> {
  const [{ complete }, { serverNames }] = await Promise.all([
    import('./complete.ts'),
    import('./server-names.ts'),
  ])
  const candidates = await complete(words, serverNames)
  for (const { word, text } of candidates) process.stdout.write(text ? `${word}\t${text}\n` : `${word}\n`)
  return status.ok
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

/** `commctl host list | head -1` is no error. */
function leaveQuietlyWhenNobodyReads(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    process.exit(status.ok)
  })
}
