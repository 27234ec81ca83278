/** The policy of a rolling operation from the command line: a file or JSON, and options for single limits, which take precedence. */
import { readFile } from 'node:fs/promises'
import type { OptionRow, Session } from '../cli/command.ts'
import { Failure } from '../cli/failure.ts'
import { isObject } from '../client/json-value.ts'

/** The options that say how an operation is to go. */
export const policyOptions: readonly OptionRow[] = [
  {
    flags: '--policy <FILE|JSON>',
    text: 'how it is to go, as a file of YAML or JSON or as JSON; the options below go before it',
    completes: 'files',
  },
  { flags: '--max-unavailable <N>', text: 'how many hosts may be away at once, or a part such as 20%' },
  { flags: '--ramp <SIZES>', text: 'sizes of the first waves, such as 1,5,20%' },
  { flags: '--max-failures <N>', text: 'pause with more failures than so many, or than such a part' },
  {
    flags: '--reboot <WHEN>',
    text: 'when to reboot (default: what the kind needs)',
    suggests: ['always', 'if-needed', 'never'],
  },
  { flags: '--pause-between <SECONDS>', text: 'rest after each host' },
  {
    flags: '--zone <ZONE>',
    text: 'only hosts of this zone; may repeat, and then says the order',
    repeats: true,
  },
]

/** Reads the policy; undefined where nothing is said of it, so that a server of old is told nothing of it either. */
export async function policyIn({ parsed }: Session): Promise<object | undefined> {
  const [ramp, zones] = [parsed.option('ramp'), parsed.repeated('zone')]
  const stated = {
    max_unavailable: amount(parsed.option('maxUnavailable')),
    ramp: ramp?.split(',').map((size) => amount(size.trim())),
    max_failures: amount(parsed.option('maxFailures')),
    reboot: parsed.option('reboot'),
    pause_between: amount(parsed.option('pauseBetween')),
    zones: zones.length > 0 ? zones : undefined,
  }
  const options = Object.entries(stated).filter(([, value]) => value !== undefined)
  const file = parsed.option('policy')
  if (file === undefined && options.length === 0) return undefined
  return { ...(file === undefined ? {} : await readPolicy(file)), ...Object.fromEntries(options) }
}

/** The server says what is wrong with one that is neither a number nor a percentage. */
function amount(text: string | undefined): number | string | undefined {
  return text !== undefined && /^\d+(\.\d+)?$/.test(text) ? Number(text) : text
}

async function readPolicy(given: string): Promise<object> {
  const isJson = given.trimStart().startsWith('{')
  const [text, source] = isJson ? [given, '--policy'] : [await readText(given), given]
  const value = await parsed(text, source)
  if (isObject(value)) return value
  throw new Failure(`${source} holds no policy; write members such as max_unavailable: 20%.`)
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new Failure(
      `--policy ${file} cannot be read: ${why}. Name a file, or write JSON like '{"max_unavailable": 2}'.`,
      {
        cause,
      },
    )
  }
}

async function parsed(text: string, source: string): Promise<unknown> {
  const { parse } = await import('yaml')
  try {
    return parse(text)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new Failure(`${source} is neither YAML nor JSON: ${why}`, { cause })
  }
}
