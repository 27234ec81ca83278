/** Parses the command line: the flags of every program, and those that a program adds. */
import { Command, Option } from 'commander'

/** A flag that sets one key of the configuration. */
export interface FlagDefinition {
  /** In the syntax of commander: `-p, --listen-port <port>`. */
  readonly flags: string
  /** The key of the schema that it sets. */
  readonly key: string
  readonly description: string
  /** Parses the text of a flag; for a flag that may be repeated, combines it with the value so far. */
  readonly parse?: (text: string, soFar: unknown) => unknown
}

/** The parts of a program's definition that its command line needs. */
export interface FlagOptions {
  readonly name: string
  readonly description: string
  readonly version: string
  readonly configFile: string | undefined
  readonly flags: readonly FlagDefinition[]
  readonly examples: readonly string[]
}

/** A parsed command line. */
export interface CommandLine {
  /** The configuration file; false for `--no-config-file`, undefined when no flag names one. */
  readonly file: string | false | undefined
  /** The values of the flags, by key. */
  readonly values: Record<string, unknown>
}

/** The flags of the common settings. */
export const commonFlags: readonly FlagDefinition[] = [
  { flags: '--bus-uri <uri>', key: 'bus_uri', description: 'URL of the message bus' },
  { flags: '--bus-exchange <name>', key: 'bus_exchange', description: 'topic exchange on the message bus' },
  { flags: '--processes <count>', key: 'processes', description: 'number of processes that run the service' },
  {
    flags: '--health-listen <host:port>',
    key: 'health_listen',
    description: 'address that serves /metrics, /healthz and /readyz',
  },
  { flags: '--debug', key: 'debug', description: 'log debug messages' },
]

/** Parses the arguments after the program's name. Throws a CommanderError for help, version and wrong usage. */
export function readCommandLine(args: readonly string[], options: FlagOptions): CommandLine {
  const command = makeCommand(options)
  command.parse(args, { from: 'user' })
  const parsed = command.opts<Record<string, unknown>>()
  const named = options.flags.map(({ flags, key }) => [key, parsed[attributeName(flags)]] as const)
  const values = Object.fromEntries(named.filter(([, value]) => value !== undefined))
  const file = parsed['config'] ?? parsed['configFile']
  return { file: typeof file === 'string' || file === false ? file : undefined, values }
}

function makeCommand({ name, description, version, configFile, flags, examples }: FlagOptions): Command {
  const { config, noConfig, version: versionFlag, help } = fixedFlagTexts(configFile)
  const command = new Command(name)
    .description(description)
    .version(version, versionFlag.flags, versionFlag.text)
    .helpOption(help.flags, help.text)
    .option(config.flags, config.text)
    .addOption(new Option('--config-file <file>').hideHelp())
    .option(noConfig.flags, noConfig.text)
    .allowExcessArguments(false)
    .exitOverride()
  for (const flag of flags) command.addOption(makeOption(flag))
  if (examples.length > 0) command.addHelpText('after', exampleText(examples))
  return command
}

/** The flags that do not set a key of the configuration. */
export function fixedFlags(configFile: string | undefined): { flags: string; text: string }[] {
  return Object.values(fixedFlagTexts(configFile))
}

function fixedFlagTexts(configFile: string | undefined) {
  const where = configFile === undefined ? '' : ` (default: ${configFile}, if it exists)`
  return {
    version: { flags: '-V, --version', text: 'print the version' },
    config: { flags: '-c, --config <file>', text: `configuration file${where}` },
    noConfig: { flags: '--no-config-file', text: 'do not read a configuration file' },
    help: { flags: '-h, --help', text: 'print this help' },
  }
}

function makeOption({ flags, description, parse }: FlagDefinition): Option {
  const option = new Option(flags, description)
  return parse === undefined ? option : option.argParser(parse)
}

/** Returns the flag of each key: `--authentication-plugin` for `authentication_plugins`. */
export function flagNames(flags: readonly FlagDefinition[]): Record<string, string> {
  return Object.fromEntries(flags.map((flag) => [flag.key, new Option(flag.flags).long ?? flag.flags]))
}

const attributeName = (flags: string) => new Option(flags).attributeName()

const exampleText = (examples: readonly string[]) =>
  `\nExamples:\n${examples.map((each) => `  $ ${each}`).join('\n')}`
