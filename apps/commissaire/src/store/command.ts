/**
 * `commissaire store copy FROM TO`: moves everything from one store to another, and says by a digest that it did.
 *
 * Exit status: 0 when everything was copied and found again, 1 when not, 2 when it was not understood what to do.
 */
import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { StopRequest } from '@commissaire/service'
import { type Copied, copyStore, type CopyOptions, TargetNotEmpty } from '@commissaire/storage'
import { openDataFolder } from '../data-folder.ts'
import { copyHelp, storeHelp } from './help.ts'
import { openStore, readPlace, type StorePlace } from './place.ts'
import { printProgress } from './progress.ts'

/** What the command line says. */
interface Wanted {
  readonly from: StorePlace
  readonly to: StorePlace
  readonly into: NonNullable<CopyOptions['into']>
}

/** Runs the subcommand; the result is the exit status. */
export async function storeCommand(args: readonly string[]): Promise<number> {
  const [command, ...rest] = args
  if (command !== 'copy') {
    const asked = command === undefined || command === '--help' || command === '-h'
    process[asked ? 'stdout' : 'stderr'].write(
      asked ? storeHelp : `commissaire: there is no "store ${command}"\n${storeHelp}`,
    )
    return asked ? 0 : 2
  }
  try {
    const wanted = readCommandLine(rest)
    return wanted === 'help' ? help() : await copy(wanted)
  } catch (error) {
    return explain(error)
  }
}

function help(): number {
  process.stdout.write(copyHelp)
  return 0
}

/** Thrown when a command line cannot be meant. */
class UsageError extends Error {}

const flags = {
  help: { type: 'boolean', short: 'h' },
  merge: { type: 'boolean' },
  'from-key': { type: 'string' },
  'to-key': { type: 'string' },
} as const

function readCommandLine(args: readonly string[]): Wanted | 'help' {
  const { values, positionals } = parseArgs({ args: [...args], options: flags, allowPositionals: true })
  if (values.help) return 'help'
  const [from, to, ...more] = positionals
  if (from === undefined || to === undefined || more.length > 0) {
    throw new UsageError(`"store copy" takes FROM and TO, and was given ${positionals.length} arguments`)
  }
  const places = withKeys(readPlace(from, values['from-key']), readPlace(to, values['to-key']))
  refuseTheSame(places)
  return { ...places, into: values.merge ? 'merge' : 'empty' }
}

/** etcd does not know where the keys are: the keys of the other place are meant, as services that share a store share keys. */
function withKeys(from: StorePlace, to: StorePlace): Pick<Wanted, 'from' | 'to'> {
  const keyFile = from.keyFile ?? to.keyFile
  if (keyFile === undefined)
    throw new UsageError(
      'Neither FROM nor TO tells where the key file is; name it with --from-key and --to-key',
    )
  return {
    from: { ...from, keyFile: from.keyFile ?? keyFile },
    to: { ...to, keyFile: to.keyFile ?? keyFile },
  }
}

function refuseTheSame({ from, to }: Pick<Wanted, 'from' | 'to'>): void {
  if (JSON.stringify(from.config) === JSON.stringify(to.config) && from.dataDir === to.dataDir)
    throw new UsageError('FROM and TO are the same store')
  const { database, keyFile } = from
  if (database !== undefined && !existsSync(database)) throw new UsageError(`FROM: there is no ${database}`)
  if (keyFile !== undefined && !existsSync(keyFile))
    throw new UsageError(`FROM: there is no key file ${keyFile}; name it with --from-key`)
}

async function copy({ from, to, into }: Wanted): Promise<number> {
  using folders = new DisposableStack()
  for (const folder of new Set([from.folder, to.folder])) if (folder) folders.use(openDataFolder(folder))
  using stop = new StopRequest()
  await using source = await openStore(from)
  await using target = await openStore(to)
  const abort = new AbortController()
  void stop.asked.then(() => abort.abort(new Error('It was stopped')))
  const onProgress = printProgress()
  const copied = await copyStore(source, target, { into, onProgress, signal: abort.signal })
  return report(copied, { from, to })
}

function report({ counts, digests }: Copied, { from, to }: Pick<Wanted, 'from' | 'to'>): number {
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0)
  const what = Object.entries(counts).map(([name, count]) => `${count} ${name}`)
  process.stdout.write(`${digests.from}  ${from.name}\n${digests.to}  ${to.name}\n`)
  if (digests.from !== digests.to) {
    process.stderr.write(
      'commissaire: NOT copied: the digests differ. Does a service still use one of the stores? Stop it, and copy again with --merge\n',
    )
    return 1
  }
  process.stdout.write(
    `Copied ${total} models: ${what.join(', ')}\nSecrets are sealed with the keys in ${to.keyFile}\n`,
  )
  return 0
}

function explain(error: unknown): number {
  const message = error instanceof Error ? error.message : String(error)
  if (error instanceof UsageError || isWrongFlag(error)) {
    process.stderr.write(`commissaire: ${message}\nSee: commissaire store copy --help\n`)
    return 2
  }
  const remedy =
    error instanceof TargetNotEmpty
      ? '. With --merge its models stay, and those that both have become as in FROM'
      : '\ncommissaire: NOT copied, or not everything. When that is mended, copy again with --merge'
  process.stderr.write(`commissaire: ${message}${remedy}\n`)
  return 1
}

function isWrongFlag(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
}
