/**
 * `commctl`: chooses what to do with the command line, and leaves with a status that scripts can rely on.
 *
 * The parser is a third of the time that most commands take, so what needs none, the version and the shells' questions,
 * goes without it.
 */
import { status } from './cli/failure.ts'
import { version } from './version.ts'

leaveQuietlyWhenNobodyReads()
process.exitCode = await main(process.argv.slice(2))

async function main(words: readonly string[]): Promise<number> {
  const [first = '', ...rest] = words
  if (first === '--version' || first === '-V') return printVersion()
  if (first === '__complete') return printCandidates(rest)
  const { runCommandLine } = await import('./cli/command-line.ts')
  return runCommandLine(words)
}

function printVersion(): number {
  process.stdout.write(`${version()}\n`)
  return status.ok
}

/** Asked by the shells' scripts; see `completion`. */
async function printCandidates(words: readonly string[]): Promise<number> {
  const [{ complete }, { serverNames }] = await Promise.all([
    import('./cli/complete.ts'),
    import('./cli/server-names.ts'),
  ])
  const candidates = await complete(words, serverNames)
  for (const { word, text } of candidates) process.stdout.write(text ? `${word}\t${text}\n` : `${word}\n`)
  return status.ok
}

/** `commctl host list | head -1` is no error. */
function leaveQuietlyWhenNobodyReads(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    process.exit(status.ok)
  })
}
