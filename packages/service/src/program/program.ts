/**
 * A program: a name, flags, a configuration file, and the function to run. It exits with status 2 and an explanation for
 * invalid settings, with status 1 when the function fails.
 */
import { CommanderError } from 'commander'
import { z } from 'zod'
import type { Logger } from '@commissaire/bus'
import { readConfig } from './config.ts'
import { ConfigError } from './config-error.ts'
import { commonFlags, type FlagDefinition, flagNames, readCommandLine } from './flags.ts'
import { createLog } from '../observability/log.ts'
import { manualOf, type ProgramManual } from './manual.ts'
import { commonSettings } from './settings.ts'

/** The settings of a program: its own and the common ones. */
export type Settings<Shape extends z.ZodRawShape> = z.output<
  z.ZodObject<Omit<typeof commonSettings, keyof Shape> & Shape>
>

/** What a program receives besides its settings. */
export interface ProgramContext {
  readonly log: Logger
  /** The path of the configuration file; undefined when there is none to read. */
  readonly configFile: string | undefined
}

/** The definition of a program. */
export interface ProgramDefinition<Shape extends z.ZodRawShape> {
  /** The name of the command. */
  readonly name: string
  readonly description: string
  readonly version: string
  /** The default path of the configuration file. */
  readonly configFile?: string
  /** The settings of the program. `bus_uri`, `bus_exchange` and `debug` are added. */
  readonly schema: z.ZodObject<Shape>
  /** The flags of the program. Those of the common settings, and `--processes` if the schema has it, are added. */
  readonly flags?: readonly FlagDefinition[]
  /** Example command lines for the help. */
  readonly examples?: readonly string[]
  readonly run: (settings: Settings<Shape>, context: ProgramContext) => Promise<void>
}

/** A program that can be run. */
export interface Program<Shape extends z.ZodRawShape> {
  readonly name: string
  /** The content of its help and its manual page. */
  readonly manual: ProgramManual
  /** Returns the settings for a command line. Throws `ConfigError`, or a CommanderError for wrong usage. */
  settings(args: readonly string[], environment?: NodeJS.ProcessEnv): Settings<Shape>
  /** Runs the program and sets the exit code. Never rejects. */
  main(args?: readonly string[]): Promise<void>
}

/** Defines a program. */
export function defineProgram<Shape extends z.ZodRawShape>(
  definition: ProgramDefinition<Shape>,
): Program<Shape> {
  const { name, run } = definition
  const read = (args: readonly string[], environment?: NodeJS.ProcessEnv) =>
    readSettings(definition, { args, environment })
  return {
    name,
    get manual() {
      return manualOf(definition, wholeSchema(definition), allFlags(definition))
    },
    settings: (args, environment) => read(args, environment).settings,
    main: async (args = process.argv.slice(2)) => {
      try {
        const { settings, configFile, nameOf } = read(args)
        const log = createLog({ name, level: settings.debug ? 'debug' : 'info' })
        await runAndLog(log, () => run(settings, { log, configFile }), { nameOf })
      } catch (error) {
        process.exitCode = reportUsage(name, error)
      }
    },
  }
}

interface Input {
  readonly args: readonly string[]
  readonly environment: NodeJS.ProcessEnv | undefined
}

interface Reading<Shape extends z.ZodRawShape> {
  readonly settings: Settings<Shape> & { debug: boolean }
  readonly configFile: string | undefined
  readonly nameOf: (setting: string) => string
}

function readSettings<Shape extends z.ZodRawShape>(
  definition: ProgramDefinition<Shape>,
  { args, environment = process.env }: Input,
): Reading<Shape> {
  const { configFile: defaultFile, examples = [] } = definition
  const schema = wholeSchema(definition)
  const all = allFlags(definition)
  const line = readCommandLine(args, { ...definition, configFile: defaultFile, flags: all, examples })
  const files = line.file === false ? {} : { file: line.file, defaultFile }
  const sources = { ...files, environment, flags: line.values, flagNames: flagNames(all) }
  const { settings, nameOf } = readConfig(schema, sources)
  const configFile = line.file === false ? undefined : (line.file ?? defaultFile)
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same shape, which the compiler cannot see
  return { settings: settings as Settings<Shape> & { debug: boolean }, configFile, nameOf }
}

function wholeSchema<Shape extends z.ZodRawShape>({ schema }: ProgramDefinition<Shape>) {
  return z.object({ ...commonSettings, ...schema.shape })
}

function allFlags<Shape extends z.ZodRawShape>(definition: ProgramDefinition<Shape>): FlagDefinition[] {
  const { shape } = wholeSchema(definition)
  return [...commonFlags.filter(({ key }) => Object.hasOwn(shape, key)), ...(definition.flags ?? [])]
}

/** Runs the program. A ConfigError of a running program is reported like one that was found before. */
async function runAndLog(
  log: Logger,
  run: () => Promise<void>,
  { nameOf }: { nameOf: (setting: string) => string },
): Promise<void> {
  try {
    await run()
  } catch (error) {
    if (error instanceof ConfigError) throw new ConfigError(error.named(nameOf), { cause: error })
    log.error({ err: error }, error instanceof Error ? error.message : String(error))
    process.exitCode = 1
  }
}

/** Prints what is wrong with the command line or the settings, and returns the exit status. */
function reportUsage(name: string, error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  if (!(error instanceof ConfigError)) throw error
  for (const fault of error.faults) console.error(`${name}: ${fault}`)
  return 2
}
