/**
 * Loads authentication plugins. The name in the configuration is the name of a file in `plugins/`; any other name is an
 * external module: a path or a package.
 */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ConfigError, didYouMean } from '@commissaire/service'
import type { Authenticator, AuthenticatorModule, AuthenticatorTools } from './authenticator.ts'
import { isRole, type Role, roles } from './role.ts'

const plugins: Readonly<Record<string, () => Promise<AuthenticatorModule>>> = {
  httpbasicauth: () => import('./plugins/httpbasicauth.ts'),
  apitokens: () => import('./plugins/apitokens.ts'),
  oidc: () => import('./plugins/oidc.ts'),
  httpauthclientcert: () => import('./plugins/httpauthclientcert.ts'),
  keystonepasswordauth: () => import('./plugins/keystonepasswordauth.ts'),
  keystonetokenauth: () => import('./plugins/keystonetokenauth.ts'),
  openshiftbearertokenauth: () => import('./plugins/openshiftbearertokenauth.ts'),
}

/** The names of the built-in plugins. */
export const pluginNames: readonly string[] = Object.keys(plugins)

/** One entry of `authentication-plugins`: a name and the options of that plugin. */
export interface PluginConfiguration {
  readonly name: string
  /** The role of users for whom the plugin determines none; default `admin`. */
  readonly role?: unknown
  readonly [option: string]: unknown
}

/** An authenticator and its name in the configuration. */
export interface NamedAuthenticator {
  readonly name: string
  readonly authenticator: Authenticator
  /** The option `role` of the entry. */
  readonly role?: Role
}

/** Opens the configured authenticators in order. When one fails to open, those opened before are closed. */
export async function openAuthenticators(
  configurations: readonly PluginConfiguration[],
  tools: AuthenticatorTools,
): Promise<NamedAuthenticator[]> {
  const opened: NamedAuthenticator[] = []
  for (const [index, configuration] of configurations.entries()) {
    try {
      opened.push(await openOne(configuration, tools))
    } catch (error) {
      for (const { authenticator } of opened) await authenticator.close?.()
      throw asConfigError(error).within(`authentication_plugins[${index}]`)
    }
  }
  return opened
}

async function openOne(
  { name, role: configuredRole, ...options }: PluginConfiguration,
  tools: AuthenticatorTools,
): Promise<NamedAuthenticator> {
  const role = parseRole(configuredRole)
  const builtIn = builtInName(name)
  const module = builtIn === undefined ? await loadModule(name) : await plugins[builtIn]?.()
  const authenticator: Partial<Authenticator> | undefined = await module?.open(options, { ...tools, ...role })
  if (isAuthenticator(authenticator)) return { name: builtIn ?? name, authenticator, ...role }
  throw invalidPlugin(name, 'whose open() returned nothing with a function "authenticate"')
}

function parseRole(value: unknown): { role?: Role } {
  if (value === undefined) return {}
  if (isRole(value)) return { role: value }
  const hint = typeof value === 'string' ? didYouMean(value, roles) : ''
  const text = `is ${JSON.stringify(value)}; allowed: ${roles.join(', ')}${hint}`
  throw new ConfigError([{ setting: 'role', text }])
}

/** Older configurations name a module: `commissaire_http.authentication.httpbasicauth`. */
function builtInName(name: string): string | undefined {
  const last = /^[\w.]+$/.test(name) ? name.slice(name.lastIndexOf('.') + 1) : ''
  return pluginNames.find((each) => each === last)
}

/** A name that starts with `/` or a dot is a path; any other is resolved as a package from where the server is installed. */
async function loadModule(name: string): Promise<AuthenticatorModule> {
  const specifier = isPath(name) ? pathToFileURL(resolve(name)).href : name
  const module: unknown = await import(/* @vite-ignore */ specifier).catch((cause: unknown) => {
    throw isMissing(cause, name)
      ? missingPlugin(name, cause)
      : invalidPlugin(name, `which fails to load: ${messageOf(cause)}`, cause)
  })
  if (isAuthenticatorModule(module)) return module
  throw invalidPlugin(name, 'which exports no function "open"')
}

const isPath = (name: string) => /^\.{0,2}\//.test(name)

/** Returns whether the module itself is missing, as opposed to one that it imports. */
function isMissing(error: unknown, name: string): boolean {
  if (isPath(name)) return !existsSync(resolve(name))
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return (
    code.startsWith('ERR_INVALID_') ||
    (code === 'ERR_MODULE_NOT_FOUND' && messageOf(error).includes(`'${name}'`))
  )
}

function missingPlugin(name: string, cause: unknown): ConfigError {
  const known = `not a plugin of this server (${pluginNames.join(', ')})`
  const text = `is "${name}", which is ${known} and not found as a path or an installed package`
  return new ConfigError([{ setting: 'name', text: `${text}${suggestion(name)}` }], { cause })
}

/** Also completes a name that is the beginning of a plugin's name. */
function suggestion(name: string): string {
  const [completed] = name === '' ? [] : pluginNames.filter((each) => each.startsWith(name))
  return completed === undefined ? didYouMean(name, pluginNames) : `; did you mean "${completed}"?`
}

function invalidPlugin(name: string, what: string, cause?: unknown): ConfigError {
  return new ConfigError([{ setting: 'name', text: `is "${name}", ${what}` }], { cause })
}

function asConfigError(error: unknown): ConfigError {
  return error instanceof ConfigError ? error : new ConfigError([messageOf(error)], { cause: error })
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))

function isAuthenticatorModule(module: unknown): module is AuthenticatorModule {
  return typeof module === 'object' && module !== null && typeof Reflect.get(module, 'open') === 'function'
}

function isAuthenticator(value: Partial<Authenticator> | undefined): value is Authenticator {
  return typeof value === 'object' && typeof value?.authenticate === 'function'
}
