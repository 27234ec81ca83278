/**
 * Finds the server and the credentials: in a configuration file, else in the file that the program `commissaire` wrote for
 * its first user, else by a prompt.
 */
import { homedir } from 'node:os'
import { join } from 'node:path'
import { type ConfigFile, isToken, readConfigFile } from './config-file.ts'
import { Failure } from '../cli/failure.ts'
import type { Tls } from '../client/http.ts'

/** What is needed to talk to a server. */
export interface Settings {
  readonly endpoints: readonly string[]
  /** What authenticates us. */
  readonly headers: Readonly<Record<string, string>>
  readonly tls?: Tls
  /** Where the credentials come from, for messages. */
  readonly origin: string
}

/** How settings are looked for. */
export interface SettingsOptions {
  /** The file named on the command line. */
  readonly config: string | undefined
  readonly environment: NodeJS.ProcessEnv
  readonly signal: AbortSignal
  readonly tell: (text: string) => void
  /** False where nobody is there to answer a question. */
  readonly interactive: boolean
}

/** The file that is read when none is named. */
export const defaultConfigFile = (): string => join(homedir(), '.commissaire.json')

/** Finds the settings, asking for what no file has. */
export async function loadSettings(options: SettingsOptions): Promise<Settings> {
  const file = withToken(await findConfig(options), options.environment)
  const { values, origin } = await askForMissing(file, options)
  const kube = values.kubeconfig && !values.token ? await readKubeUser(values.kubeconfig) : undefined
  const tls = { ...(await readTls(values, origin)), ...kube?.tls }
  return {
    endpoints: endpointsOf(values),
    headers: kube ? kube.headers : credentialsIn(values),
    origin: kube ? (values.kubeconfig ?? origin) : origin,
    ...(Object.keys(tls).length > 0 && { tls }),
  }
}

/** A token in the environment goes before everything that a file says of who we are. */
function withToken(
  file: ConfigFile | undefined,
  { COMMCTL_TOKEN: token }: NodeJS.ProcessEnv,
): ConfigFile | undefined {
  if (!token) return file
  if (!isToken(token)) throw new Failure('COMMCTL_TOKEN is no token; it must be one word, like ctk_….')
  const origin = file ? `${file.origin} with COMMCTL_TOKEN` : 'COMMCTL_TOKEN'
  return { values: { ...file?.values, token }, origin }
}

async function readKubeUser(path: string) {
  const { currentUser } = await import('./kubeconfig.ts')
  return currentUser(path)
}

/** The first file that is there: the one named, the person's own, the one the all-in-one program wrote. */
async function findConfig({ config, environment, tell }: SettingsOptions): Promise<ConfigFile | undefined> {
  const named = config ?? (environment.COMMCTL_CONFIG || undefined)
  if (named) return readConfigFile(named, { tell, required: true })
  const own = await readConfigFile(defaultConfigFile(), { tell })
  return own ?? readConfigFile(credentialsFile(environment), { tell })
}

/** Where the all-in-one program leaves the credentials of its first user. */
export function credentialsFile(environment: NodeJS.ProcessEnv): string {
  return join(dataFolder(environment), 'credentials.json')
}

function dataFolder(environment: NodeJS.ProcessEnv): string {
  if (environment.COMMISSAIRE_DATA) return environment.COMMISSAIRE_DATA
  if (process.getuid?.() === 0) return '/var/lib/commissaire'
  return join(environment.XDG_DATA_HOME || join(homedir(), '.local', 'share'), 'commissaire')
}

async function askForMissing(file: ConfigFile | undefined, options: SettingsOptions): Promise<ConfigFile> {
  const values = { ...file?.values }
  const missing = missingKeys(values)
  const origin = file?.origin ?? 'what was typed'
  if (missing.length === 0) return { values, origin }
  if (!options.interactive) throw nothingToAskOn(file, missing, options)
  const { ask } = await import('../cli/prompt.ts')
  for (const key of missing) {
    const question = `${key[0]?.toUpperCase()}${key.slice(1)}: `
    const answer = await ask(question, { hidden: key === 'password', signal: options.signal })
    values[key] = key === 'endpoint' ? checkedEndpoint(answer) : answer
  }
  return { values, origin: file ? `${origin} and what was typed` : origin }
}

type Askable = 'endpoint' | 'username' | 'password'

function missingKeys(values: ConfigFile['values']): Askable[] {
  const { token, kubeconfig, certificate_path, username } = values
  const authenticates = kubeconfig !== undefined || certificate_path !== undefined
  const needed: Askable[] =
    token !== undefined || (authenticates && !username) ? ['endpoint'] : ['endpoint', 'username', 'password']
  return needed.filter((key) => values[key] === undefined)
}

function nothingToAskOn(
  file: ConfigFile | undefined,
  missing: readonly string[],
  options: SettingsOptions,
): Failure {
  const keys = missing.map((key) => `"${key}"`).join(', ')
  if (file) return new Failure(`${file.origin}: ${keys} ${missing.length > 1 ? 'are' : 'is'} missing.`)
  const example = '{"endpoint": "http://127.0.0.1:8000", "username": "…", "password": "…"}'
  return new Failure(
    `No configuration was found, and there is no terminal to ask on. Looked for ${defaultConfigFile()} and ${credentialsFile(options.environment)}.\n` +
      `Write ${defaultConfigFile()}, readable by you alone, as ${example}; or name a file with --config or COMMCTL_CONFIG.`,
  )
}

function checkedEndpoint(answer: string): string {
  if (/^https?:\/\/./.test(answer)) return answer
  throw new Failure(
    `"${answer}" is no endpoint: it must begin with http:// or https://, like http://127.0.0.1:8000.`,
  )
}

function endpointsOf({ endpoint = [] }: ConfigFile['values']): string[] {
  return [endpoint].flat().map((url) => url.replace(/\/+$/, ''))
}

function credentialsIn({ token, username, password }: ConfigFile['values']): Record<string, string> {
  if (token !== undefined) return { authorization: `Bearer ${token}` }
  if (username === undefined || password === undefined) return {}
  return { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` }
}

async function readTls(values: ConfigFile['values'], origin: string): Promise<Tls> {
  const { readFileSync } = await import('node:fs')
  const read = (key: 'certificate_ca_path' | 'certificate_path' | 'certificate_key_path') => {
    const path = values[key]
    if (path === undefined) return undefined
    try {
      return readFileSync(path)
    } catch (cause) {
      throw new Failure(`${origin}: "${key}" names ${path}, which cannot be read (${reason(cause)}).`, {
        cause,
      })
    }
  }
  const [ca, cert, key] = [
    read('certificate_ca_path'),
    read('certificate_path'),
    read('certificate_key_path'),
  ]
  return { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) }
}

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error))
