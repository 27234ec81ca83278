/** Creates the session of a command: the server, the two outputs, and the abort signal. */
import type { Api } from '../client/api.ts'
import type { ParsedInput, Session } from './command.ts'
import { Failure } from './failure.ts'
import { formats } from '../output/format.ts'

const DEFAULT_TIMEOUT = 30

/** Opens the session of one command. */
export function openSession(parsed: ParsedInput): Session {
  const signal = untilTold()
  const tell = (text: string): void => void process.stderr.write(`${text}\n`)
  const timeout = seconds(parsed.option('timeout') ?? DEFAULT_TIMEOUT, '--timeout') * 1000
  let api: Promise<Api> | undefined
  return {
    parsed,
    signal,
    tell,
    format: formats.find((format) => format === parsed.option('output')) ?? 'text',
    strict: parsed.flag('strict'),
    print: (text) => void process.stdout.write(`${text}\n`),
    api: () => (api ??= openApi({ config: parsed.option('config'), timeout, signal, tell })),
  }
}

async function openApi({
  config,
  ...options
}: ConstructorParameters<typeof Api>[1] & { config: string | undefined }) {
  const [{ Api }, { loadSettings }] = await Promise.all([
    import('../client/api.ts'),
    import('../config/config.ts'),
  ])
  const interactive = process.stdin.isTTY && process.stderr.isTTY
  const { signal, tell } = options
  return new Api(await loadSettings({ config, signal, tell, interactive, environment: process.env }), options)
}

/** A number of seconds that an option was given. */
export function seconds(value: string | number, option: string): number {
  const number = Number(value)
  if (number > 0 && number < 86_400) return number
  throw new Failure(`${option} is "${value}"; it must be a number of seconds greater than 0.`)
}

/** Aborted by Ctrl-C and by being told to end, once; the second time ends the process as usual. */
function untilTold(): AbortSignal {
  const controller = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => controller.abort())
  return controller.signal
}
