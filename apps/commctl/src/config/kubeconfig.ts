/**
 * Reads the credentials of the current user of a kubeconfig file: a token, a name with a password, or a client
 * certificate. Programs that a kubeconfig tells to run (`exec`) are not run.
 */
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parse } from 'yaml'
import { Failure } from '../cli/failure.ts'
import type { Tls } from '../client/http.ts'

/** What a kubeconfig's user shows to a server. */
export interface KubeUser {
  readonly headers: Readonly<Record<string, string>>
  readonly tls?: Tls
}

interface Named {
  readonly name?: string
  readonly context?: { readonly user?: string }
  readonly user?: Readonly<Record<string, string | undefined>>
}

interface KubeConfig {
  readonly 'current-context'?: string
  readonly contexts?: readonly Named[]
  readonly users?: readonly Named[]
}

/** Reads the file and takes the user of its current context. */
export function currentUser(path: string): KubeUser {
  const config = read(path)
  const context = config.contexts?.find(({ name }) => name === config['current-context'])
  if (!context)
    throw new Failure(`${path}: no context has been set; "current-context" must name one of its contexts.`)
  const wanted = context.context?.user
  const user = config.users?.find(({ name }) => name === wanted)?.user
  if (!user)
    throw new Failure(`${path}: there is no user "${wanted}", which the context "${context.name}" names.`)
  return credentialsOf(user, path) ?? unknownKind(path, wanted, user)
}

function read(path: string): KubeConfig {
  try {
    const config: KubeConfig | null = parse(readFileSync(path, 'utf8'))
    return config ?? {}
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new Failure(`The kubeconfig ${path} could not be read: ${why}`, { cause })
  }
}

function credentialsOf(user: NonNullable<Named['user']>, path: string): KubeUser | undefined {
  const token = user.token ?? readNamed(user.tokenFile, path)?.toString('utf8').trim()
  if (token) return { headers: { authorization: `Bearer ${token}` } }
  if (user.username && user.password) {
    const pair = Buffer.from(`${user.username}:${user.password}`).toString('base64')
    return { headers: { authorization: `Basic ${pair}` } }
  }
  const cert = decoded(user['client-certificate-data']) ?? readNamed(user['client-certificate'], path)
  const key = decoded(user['client-key-data']) ?? readNamed(user['client-key'], path)
  return cert && key ? { headers: {}, tls: { cert, key } } : undefined
}

function unknownKind(path: string, name: string | undefined, user: object): never {
  const found = Object.keys(user).join(', ') || 'nothing'
  throw new Failure(
    `${path}: the user "${name}" has ${found}; it must have a token, a username with a password, or a client certificate with its key.`,
  )
}

const decoded = (data: string | undefined) => (data === undefined ? undefined : Buffer.from(data, 'base64'))

function readNamed(file: string | undefined, path: string): Buffer | undefined {
  if (file === undefined) return undefined
  try {
    return readFileSync(resolve(dirname(path), file))
  } catch (cause) {
    throw new Failure(`${path} names ${file}, which cannot be read.`, { cause })
  }
}
