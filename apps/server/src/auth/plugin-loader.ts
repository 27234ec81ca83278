/**
 * The table of authenticators: the name in the configuration is the name of the file, loaded when it is first wanted.
 * A name that is not in the table is a module of somebody's own: a path, or a package.
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

/** The names of the authenticators that come with the server. */
export const pluginNames: readonly string[] = Object.keys(plugins)

/** One entry of `authentication-plugins`: a name, and whatever options that plugin takes. */
export interface PluginConfiguration {
  readonly name: string
  /** What those may do whom the plugin lets in without saying it; default `admin`. */
  readonly role?: unknown
  readonly [option: string]: unknown
}

/** An authenticator and the name it has in the configuration. */
export interface NamedAuthenticator {
  readonly name: string
  readonly authenticator: Authenticator
  /** The option `role` of its entry. */
  readonly role?: Role
}

/** Opens the configured authenticators, in their order. Where one does not open, none stays open. */
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
  { name, role: given, ...options }: PluginConfiguration,
  tools: AuthenticatorTools,
): Promise<NamedAuthenticator> {
  const role = roleOf(given)
  const own = ownName(name)
  const module = own === undefined ? await loadOther(name) : await plugins[own]?.()
  const authenticator: Partial<Authenticator> | undefined = await module?.open(options, { ...tools, ...role })
  if (isAuthenticator(authenticator)) return { name: own ?? name, authenticator, ...role }
  throw wrong(name, 'whose open() returned nothing with a function "authenticate"')
}

function roleOf(given: unknown): { role?: Role } {
  if (given === undefined) return {}
  if (isRole(given)) return { role: given }
  const meantRole = typeof given === 'string' ? didYouMean(given, roles) : ''
  const text = `is ${JSON.stringify(given)}; allowed: ${roles.join(', ')}${meantRole}`
  throw new ConfigError([{ setting: 'role', text }])
}

/** Older configurations name a module: `commissaire_http.authentication.httpbasicauth`. */
function ownName(name: string): string | undefined {
  const last = /^[\w.]+$/.test(name) ? name.slice(name.lastIndexOf('.') + 1) : ''
  return pluginNames.find((each) => each === last)
}

/** A path is one that begins with `/` or with a dot; everything else is looked for where the server is installed. */
async function loadOther(name: string): Promise<AuthenticatorModule> {
  const specifier = isPath(name) ? pathToFileURL(resolve(name)).href : name
  const module: unknown = await import(/* @vite-ignore */ specifier).catch((cause: unknown) => {
    throw isMissing(cause, name)
      ? missing(name, cause)
      : wrong(name, `which fails to load: ${said(cause)}`, cause)
  })
  if (isAuthenticatorModule(module)) return module
  throw wrong(name, 'which exports no function "open"')
}

const isPath = (name: string) => /^\.{0,2}\//.test(name)

/** Whether it is the module itself that is not there, and not one that it imports. */
function isMissing(error: unknown, name: string): boolean {
  if (isPath(name)) return !existsSync(resolve(name))
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return (
    code.startsWith('ERR_INVALID_') || (code === 'ERR_MODULE_NOT_FOUND' && said(error).includes(`'${name}'`))
  )
}

function missing(name: string, cause: unknown): ConfigError {
  const known = `no plugin of this server (${pluginNames.join(', ')})`
  const text = `is "${name}": ${known}, and no module that can be found, by its path or as an installed package`
  return new ConfigError([{ setting: 'name', text: `${text}${meant(name)}` }], { cause })
}

/** Also of a name that was only begun. */
function meant(name: string): string {
  const [begun] = name === '' ? [] : pluginNames.filter((each) => each.startsWith(name))
  return begun === undefined ? didYouMean(name, pluginNames) : `; did you mean "${begun}"?`
}

function wrong(name: string, what: string, cause?: unknown): ConfigError {
  return new ConfigError([{ setting: 'name', text: `is "${name}", ${what}` }], { cause })
}

function asConfigError(error: unknown): ConfigError {
  return error instanceof ConfigError ? error : new ConfigError([said(error)], { cause: error })
}

const said = (error: unknown) => (error instanceof Error ? error.message : String(error))

function isAuthenticatorModule(module: unknown): module is AuthenticatorModule {
  return typeof module === 'object' && module !== null && typeof Reflect.get(module, 'open') === 'function'
}

function isAuthenticator(given: Partial<Authenticator> | undefined): given is Authenticator {
  return typeof given === 'object' && typeof given?.authenticate === 'function'
}
