/** Writes the reference of commctl from its table of commands. */
import { type ArgumentRow, type CommandRow, globalOptions, loadTable, type OptionRow } from '../src/index.ts'

const head = `# commctl

The operator's command line. It talks to the REST server and needs nothing else.

This page is made from the table of commands; a test compares them. After a change: \`npx vitest run apps/commctl -u\`.

## Configuration

\`commctl\` reads the file that \`--config\` names, else the one in \`COMMCTL_CONFIG\`, else \`~/.commissaire.json\`, else the
\`credentials.json\` that the all-in-one program wrote in its data folder (\`$COMMISSAIRE_DATA\`; for root
\`/var/lib/commissaire\`; for others \`~/.local/share/commissaire\`). What is missing is asked for on a terminal.

| key | |
|---|---|
| \`endpoint\` | URL of the server, or a list of URLs that are tried in order |
| \`username\`, \`password\` | who we are |
| \`token\` | a token that is sent instead of name and password; one in the environment as \`COMMCTL_TOKEN\` goes before it |
| \`kubeconfig\` | a kubeconfig file; the current user's token, name and password, or client certificate is sent instead |
| \`certificate_ca_path\` | authorities that the server's certificate is checked against, in place of the system's |
| \`certificate_path\`, \`certificate_key_path\` | a client certificate and its key |

## Exit status

| status | |
|---|---|
| 0 | done; with \`--watch\`: the operation finished. Also when there is no such object, which prints \`No object found.\` |
| 1 | no server answered |
| 2 | wrong usage, or the server refused |
| 3 | the operation that was watched failed, paused or was cancelled |
| 4 | there is no such object, with \`--strict\`; without it too where something was to be done: \`cluster exec\`, \`cluster drain\`, what is asked of an operation, a plan, \`schedule enable\` and \`disable\` |
| 5 | something would block the operation whose plan was asked for with \`--plan\` |
| 130 | interrupted by Ctrl-C |

\`passhash\`, \`user-data\` and \`completion\` talk to no server. \`host ssh\` ends with the status of ssh.

## Output

Without \`-o\`, a list of scalars is printed one a line, an empty answer as \`Success\`, anything else as block YAML with
its members sorted. Operations and plans are told in some lines with a table instead; scripts ask for \`-o json\`.

| format | |
|---|---|
| \`table\` | columns for people, as wide as the terminal at most; for lists of names, each thing with its details |
| \`json\` | what the server said |
| \`yaml\` | the same as YAML, also where it is empty |
| \`name\` | names alone, one a line |
`

/** The whole page. */
export async function reference(): Promise<string> {
  const rows = await loadTable()
  const general = `## Options of every command\n\nThey may stand before or after any word.\n\n${optionTable(globalOptions)}`
  return [head, general, ...rows.flatMap((row) => sections(row, ['commctl']))].join('\n')
}

function sections(row: CommandRow, path: readonly string[]): string[] {
  const words = [...path, row.name]
  const heading = `${'#'.repeat(Math.min(words.length, 4))} ${words.slice(1).join(' ')}\n`
  const aliases = row.aliases ? `Also: ${row.aliases.map((alias) => `\`${alias}\``).join(', ')}.\n` : ''
  const text = `${(row.description ?? row.summary).replace(/\.$/, '')}.\n`
  const own = [heading, text, ...(aliases ? [aliases] : []), ...(row.run ? usage(row, words) : [])]
  return [own.join('\n'), ...(row.commands ?? []).flatMap((sub) => sections(sub, words))]
}

function usage(row: CommandRow, words: readonly string[]): string[] {
  const line = [
    '```',
    [...words, '[options]', ...(row.arguments ?? []).map(argumentWord)].join(' '),
    '```',
    '',
  ].join('\n')
  const note = row.ownShortO ? 'Here `-o` has a meaning of its own; the output format is `--output`.\n' : ''
  const examples = ['```sh', ...row.examples, '```', ''].join('\n')
  return [
    line,
    ...[argumentTable(row.arguments ?? []), optionTable(row.options ?? []), note, examples].filter(Boolean),
  ]
}

function argumentWord({ name, optional, many }: ArgumentRow): string {
  const word = many ? `${name}...` : name
  return optional ? `[${word}]` : word
}

function argumentTable(rows: readonly ArgumentRow[]): string {
  return tableOf(
    'argument',
    rows.map(({ name, text, choices }) => [name, choices ? `${text}: ${choices.join(', ')}` : text]),
  )
}

function optionTable(rows: readonly OptionRow[]): string {
  return tableOf(
    'option',
    rows.map(({ flags, text, suggests }) => [flags, suggests ? `${text}: ${suggests.join(', ')}` : text]),
  )
}

function tableOf(title: string, rows: readonly (readonly [string, string])[]): string {
  if (rows.length === 0) return ''
  return [`| ${title} | |`, '|---|---|', ...rows.map(([word, text]) => `| \`${word}\` | ${text} |`), ''].join(
    '\n',
  )
}
