/** Writes manual pages, in the language of `man`, from what programs say about themselves. */
import type { ProgramManual } from '@commissaire/service'
import { type CommandRow, globalOptions, loadTable, type OptionRow } from '../apps/commctl/src/index.ts'

const NOTE =
  '.\\" Made from the tables of the programs; a test compares it. After a change: npx vitest run test/man.test.ts -u'

/** The page of a program that reads a configuration. */
export function pageOf(manual: ProgramManual): string {
  const { name, description, version, configFile, flags, settings, examples } = manual
  return page([
    head(name, '8', version),
    section('NAME', [`${escaped(name)} \\- ${escaped(lowered(description))}`]),
    section('SYNOPSIS', [`.B ${escaped(name)}`, '[\\fIOPTION\\fR]...']),
    section('DESCRIPTION', [escaped(description), ...sources(configFile)]),
    section(
      'OPTIONS',
      flags.flatMap(({ flags: words, text }) => entry(words, sentence(text))),
    ),
    section(
      'CONFIGURATION',
      settings.flatMap(({ key, text, default: standard }) =>
        entry(key, sentence(standard === undefined ? text : `${text} (default: ${standard})`)),
      ),
    ),
    ...(examples.length === 0 ? [] : [section('EXAMPLES', verbatim(examples))]),
    section('EXIT STATUS', [
      ...entry('0', 'It was told to end, and did.'),
      ...entry('1', 'What it runs has failed; the log says how.'),
      ...entry('2', 'Wrong usage, or a fault in the configuration; standard error says which.'),
    ]),
    section('SIGNALS', [
      ...entry(
        'SIGTERM, SIGINT',
        'Takes no more work, finishes what is in hand, and ends. A second one ends it at once.',
      ),
    ]),
    ...(configFile === undefined ? [] : [section('FILES', entry(configFile, 'The configuration, in JSON.'))]),
  ])
}

/** The page of a program that has two names. */
export const sameAs = (name: string): string => `.so man8/${name}.8\n`

/** The page of commctl. */
export async function commctlPage(version: string): Promise<string> {
  const rows = await loadTable()
  return page([
    head('commctl', '1', version),
    section('NAME', ['commctl \\- manages hosts and clusters through a Commissaire server']),
    section('SYNOPSIS', ['.B commctl', '[\\fIOPTION\\fR]... \\fICOMMAND\\fR [\\fIARGUMENT\\fR]...']),
    section('DESCRIPTION', [
      escaped('The command line of operators. It talks to the REST server and needs nothing else.'),
    ]),
    section('OPTIONS OF EVERY COMMAND', globalOptions.flatMap(optionEntry)),
    ...rows.map((row) => section(row.name.toUpperCase(), commandEntries(row, ['commctl']))),
    section('EXIT STATUS', [
      ...entry('0', 'Done. Also when there is no such object, unless --strict is given.'),
      ...entry('1', 'No server answered.'),
      ...entry('2', 'Wrong usage, or the server refused.'),
      ...entry('3', 'The operation that was watched failed, paused or was cancelled.'),
      ...entry('4', 'There is no such object, with --strict or where something was to be done to it.'),
      ...entry('5', 'Something would block the operation whose plan was asked for with --plan.'),
      ...entry('130', 'Interrupted.'),
    ]),
    section(
      'FILES',
      entry(
        '~/.commissaire.json',
        'Where the server is, and who we are. --config or COMMCTL_CONFIG name another.',
      ),
    ),
  ])
}

function commandEntries(row: CommandRow, path: readonly string[]): string[] {
  const words = [...path, row.name]
  const operands = (row.arguments ?? []).map(({ name, optional, many }) => {
    const word = many ? `${name}...` : name
    return optional ? `[${word}]` : word
  })
  const text = [escaped(sentence(row.description ?? row.summary))]
  const own = row.run
    ? [
        '.SS',
        escaped([...words, ...operands].join(' ')),
        ...text,
        ...(row.options ?? []).flatMap(optionEntry),
        ...verbatim(row.examples),
      ]
    : text
  return [...own, ...(row.commands ?? []).flatMap((sub) => commandEntries(sub, words))]
}

function optionEntry({ flags, text, suggests }: OptionRow): string[] {
  return entry(flags, sentence(suggests ? `${text}: ${suggests.join(', ')}` : text))
}

function sources(configFile: string | undefined): string[] {
  const text =
    'A flag wins over the environment (COMMISSAIRE_BUS_URI for bus_uri), that over the configuration file, that over the default. Keys of the file may be written with "-" or "_".'
  return configFile === undefined ? [] : ['.PP', escaped(text)]
}

function head(name: string, part: string, version: string): string[] {
  return [
    NOTE,
    `.TH ${name.toUpperCase().replaceAll('-', '\\-')} ${part} "" "Commissaire ${version}" "Commissaire"`,
  ]
}

const section = (title: string, lines: readonly string[]): string[] => [`.SH ${title}`, ...lines]

const entry = (title: string, text: string): string[] => ['.TP', `\\fB${escaped(title)}\\fR`, escaped(text)]

/** Lines as they are typed. */
function verbatim(lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['.PP', '.nf', ...lines.map(escaped), '.fi']
}

const page = (parts: readonly (readonly string[])[]): string => `${parts.flat().join('\n')}\n`

function escaped(text: string): string {
  const plain = text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('…', '...')
    .replaceAll('~', '\\(ti')
    .replaceAll("'", '\\(aq')
  return /^[.']/.test(plain) ? `\\&${plain}` : plain
}

function sentence(text: string): string {
  const begun = text.slice(0, 1).toUpperCase() + text.slice(1)
  return /[.?!]$/.test(begun) ? begun : `${begun}.`
}

const lowered = (text: string): string => (text.slice(0, 1).toLowerCase() + text.slice(1)).replace(/\.$/, '')
