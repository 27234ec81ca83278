/**
 * A program: a name, flags, a configuration file and what to run with them. It says what is wrong with its settings and
 * ends with status 2; with 1 when what it runs fails.
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

/** The settings of a program: its own, and those that all have. */
export type Settings<Shape extends z.ZodRawShape> = z.output<
  z.ZodObject<Omit<typeof commonSettings, keyof Shape> & Shape>
>

/** What a program is given besides its settings. */
export interface ProgramContext {
  readonly log: Logger
  /** The configuration file that was asked for or is the default; undefined when none is to be read. */
  readonly configFile: string | undefined
}

/** What makes a program. */
export interface ProgramDefinition<Shape extends z.ZodRawShape> {
  /** As one types it. */
  readonly name: string
  readonly description: string
  readonly version: string
  /** Where its configuration is looked for. */
  readonly configFile?: string
  /** Its own settings; `bus_uri`, `bus_exchange` and `debug` are there without being named. */
  readonly schema: z.ZodObject<Shape>
  /** Flags of its own. Those of the common settings, and `--processes` where the schema has it, are there already. */
  readonly flags?: readonly FlagDefinition[]
  /** Command lines for the help. */
  readonly examples?: readonly string[]
  readonly run: (settings: Settings<Shape>, context: ProgramContext) => Promise<void>
}

/** A program that can be run, or be asked what its settings would be. */
export interface Program<Shape extends z.ZodRawShape> {
  readonly name: string
  /** What its help and its manual page say, all of it from its definition. */
  readonly manual: ProgramManual
  /** The settings for a command line. Throws `ConfigError`, or commander's own error for wrong usage. */
  settings(args: readonly string[], environment?: NodeJS.ProcessEnv): Settings<Shape>
  /** Runs it; sets the exit code and never rejects. */
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
        await runLogged(log, () => run(settings, { log, configFile }), { nameOf })
      } catch (error) {
        process.exitCode = explain(name, error)
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

/** What turns out to be wrong with a setting while it runs is said as if it had been found before. */
async function runLogged(
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

/** Says what is wrong with how the program was called. */
function explain(name: string, error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  if (!(error instanceof ConfigError)) throw error
  for (const fault of error.faults) console.error(`${name}: ${fault}`)
  return 2
}
