/** Reads a command line: the flags every program has, and those it adds. */
import { Command, Option } from 'commander'

/** A flag that sets one key of the configuration. */
export interface FlagDefinition {
  /** As commander writes it: `-p, --listen-port <port>`. */
  readonly flags: string
  /** The key of the schema that it sets. */
  readonly key: string
  readonly description: string
  /** For a flag whose text needs reading, or that may be repeated: makes the value of the text and the value so far. */
  readonly parse?: (text: string, soFar: unknown) => unknown
}

/** What the flags need to know of a program. */
export interface FlagOptions {
  readonly name: string
  readonly description: string
  readonly version: string
  readonly configFile: string | undefined
  readonly flags: readonly FlagDefinition[]
  readonly examples: readonly string[]
}

/** What was said on the command line. */
export interface CommandLine {
  /** The configuration file that was asked for; false when none is to be read. */
  readonly file: string | false | undefined
  /** What the flags set, by key. */
  readonly values: Record<string, unknown>
}

/** The flags for the settings that programs have in common. */
export const commonFlags: readonly FlagDefinition[] = [
  { flags: '--bus-uri <uri>', key: 'bus_uri', description: 'where the message bus is' },
  { flags: '--bus-exchange <name>', key: 'bus_exchange', description: 'the topic exchange on it' },
  { flags: '--processes <count>', key: 'processes', description: 'how many processes run the service' },
  {
    flags: '--health-listen <host:port>',
    key: 'health_listen',
    description: 'where to answer /metrics, /healthz and /readyz',
  },
  { flags: '--debug', key: 'debug', description: 'log more' },
]

/** Reads the arguments that follow the program's name. Throws a CommanderError for help, version and wrong usage. */
export function readCommandLine(args: readonly string[], options: FlagOptions): CommandLine {
  const command = makeCommand(options)
  command.parse(args, { from: 'user' })
  const given = command.opts<Record<string, unknown>>()
  const named = options.flags.map(({ flags, key }) => [key, given[attribute(flags)]] as const)
  const values = Object.fromEntries(named.filter(([, value]) => value !== undefined))
  const file = given['config'] ?? given['configFile']
  return { file: typeof file === 'string' || file === false ? file : undefined, values }
}

function makeCommand({ name, description, version, configFile, flags, examples }: FlagOptions): Command {
  const { config, noConfig, version: versionFlag, help } = fixed(configFile)
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
  if (examples.length > 0) command.addHelpText('after', inWords(examples))
  return command
}

/** The flags that no setting stands behind. */
export function fixedFlags(configFile: string | undefined): { flags: string; text: string }[] {
  return Object.values(fixed(configFile))
}

function fixed(configFile: string | undefined) {
  const where = configFile === undefined ? '' : ` (default: ${configFile}, if it is there)`
  return {
    version: { flags: '-V, --version', text: 'say which version this is' },
    config: { flags: '-c, --config <file>', text: `the configuration file${where}` },
    noConfig: { flags: '--no-config-file', text: 'read no configuration file' },
    help: { flags: '-h, --help', text: 'say this' },
  }
}

function makeOption({ flags, description, parse }: FlagDefinition): Option {
  const option = new Option(flags, description)
  return parse === undefined ? option : option.argParser(parse)
}

/** How the flag of each key is written: `--authentication-plugin` for `authentication_plugins`. */
export function flagNames(flags: readonly FlagDefinition[]): Record<string, string> {
  return Object.fromEntries(flags.map((flag) => [flag.key, new Option(flag.flags).long ?? flag.flags]))
}

const attribute = (flags: string) => new Option(flags).attributeName()

const inWords = (examples: readonly string[]) =>
  `\nExamples:\n${examples.map((each) => `  $ ${each}`).join('\n')}`
