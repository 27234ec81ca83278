/**
 * Reads a configuration file and validates every key. Messages name the file, the key, the value and what is allowed.
 */
import { readFile, stat } from 'node:fs/promises'
import { Failure } from '../cli/failure.ts'
import { isObject } from '../client/json-value.ts'

/** The keys of a configuration file. */
export interface ConfigValues {
  endpoint?: string | string[]
  username?: string
  password?: string
  /** A token of the server's, or of whom the server trusts, that is sent instead of name and password. */
  token?: string
  /** A kubeconfig file whose current user is sent instead of name and password. */
  kubeconfig?: string
  certificate_ca_path?: string
  certificate_path?: string
  certificate_key_path?: string
}

/** A configuration file that was read. */
export interface ConfigFile {
  readonly values: ConfigValues
  /** Its path, for messages. */
  readonly origin: string
}

interface Rule {
  readonly allowed: string
  accepts(value: unknown): boolean
}

const text: Rule = { allowed: 'a text', accepts: (value) => typeof value === 'string' && value !== '' }
const isUrl = (value: unknown) =>
  typeof value === 'string' && /^https?:\/\/[^/]/.test(value) && URL.canParse(value)

/** What a header can carry. */
export const isToken = (value: unknown): boolean => typeof value === 'string' && /^[\w.~+/-]+=*$/.test(value)

const rules: Record<keyof ConfigValues, Rule> = {
  endpoint: {
    allowed: 'a URL that begins with http:// or https://, or a list of such URLs that are tried in order',
    accepts: (value) => isUrl(value) || (Array.isArray(value) && value.length > 0 && value.every(isUrl)),
  },
  username: text,
  password: { allowed: 'a text', accepts: (value) => typeof value === 'string' },
  token: { allowed: 'a token, like ctk_…', accepts: isToken },
  kubeconfig: text,
  certificate_ca_path: text,
  certificate_path: text,
  certificate_key_path: text,
}

/** Reads a file; undefined when it is not there and nobody named it. */
export async function readConfigFile(
  path: string,
  { tell, required = false }: { tell: (text: string) => void; required?: boolean },
): Promise<ConfigFile | undefined> {
  const body = await read(path, required)
  if (body === undefined) return undefined
  const found = parse(path, body)
  for (const [key, rule] of Object.entries(rules)) {
    if (!(key in found) || rule.accepts(found[key])) continue
    throw new Failure(`${path}: "${key}" is ${shown(key, found[key])}; it must be ${rule.allowed}.`)
  }
  await warn(path, found, tell)
  return { values: found, origin: path }
}

async function read(path: string, required: boolean): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : ''
    if (code === 'ENOENT' && !required) return undefined
    if (code === 'EACCES' && !required && path.endsWith('credentials.json')) return undefined
    const why =
      code === 'ENOENT' ? 'there is no such file' : code === 'EACCES' ? 'it may not be read by you' : cause
    throw new Failure(`The configuration file ${path} could not be read: ${String(why)}.`, { cause })
  }
}

function parse(path: string, body: string): Readonly<Record<string, unknown>> {
  let found: unknown
  try {
    found = JSON.parse(body)
  } catch (cause) {
    const hint = 'Use only double quotes, and no comma after the last item.'
    throw new Failure(`${path} is not JSON: ${String(cause)}. ${hint}`, { cause })
  }
  if (isObject(found)) return found
  throw new Failure(
    `${path} holds ${JSON.stringify(found)}; it must be an object like {"endpoint": "http://127.0.0.1:8000"}.`,
  )
}

/** Never shows what somebody may have put where a password belongs. */
function shown(key: string, value: unknown): string {
  return key === 'password' || key === 'token' ? `a ${typeof value}` : JSON.stringify(value)
}

async function warn(
  path: string,
  found: Record<string, unknown>,
  tell: (text: string) => void,
): Promise<void> {
  const unknown = Object.keys(found).filter((key) => !(key in rules))
  for (const key of unknown)
    tell(`${path}: "${key}" is not known and is ignored. Known are: ${Object.keys(rules).join(', ')}.`)
  const secret = ['password', 'token'].find((key) => typeof found[key] === 'string')
  if (secret === undefined) return
  const { mode } = await stat(path)
  if ((mode & 0o077) !== 0)
    tell(`${path} holds a ${secret} and may be read by others. Run: chmod 600 ${path}`)
}
