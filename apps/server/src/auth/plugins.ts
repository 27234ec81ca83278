/**
 * The table of authenticators: the name in the configuration is the name of the file, loaded when it is first wanted.
 */
import type { Logger } from '@commissaire/bus'
import { ConfigError } from '@commissaire/service'
import type { Authenticator, AuthenticatorModule } from './authenticator.ts'

const plugins: Readonly<Record<string, () => Promise<AuthenticatorModule>>> = {
  httpbasicauth: () => import('./httpbasicauth.ts'),
}

/** The names of the authenticators there are. */
export const pluginNames: readonly string[] = Object.keys(plugins)

/** Whether there is an authenticator of that name. */
export function isPlugin(name: string): boolean {
  return pluginNames.includes(shortName(name))
}

/** One entry of `authentication-plugins`: a name, and whatever options that plugin takes. */
export interface PluginConfiguration {
  readonly name: string
  readonly [option: string]: unknown
}

/** An authenticator and the name it has in the configuration. */
export interface NamedAuthenticator {
  readonly name: string
  readonly authenticator: Authenticator
}

/** Opens the configured authenticators, in their order. */
export async function openAuthenticators(
  configurations: readonly PluginConfiguration[],
  tools: { log: Logger },
): Promise<NamedAuthenticator[]> {
  const opened: NamedAuthenticator[] = []
  for (const { name, ...options } of configurations) {
    const module = await load(name)
    opened.push({ name: shortName(name), authenticator: await module.open(options, tools) })
  }
  return opened
}

function load(name: string): Promise<AuthenticatorModule> {
  const plugin = isPlugin(name) ? plugins[shortName(name)] : undefined
  if (plugin) return plugin()
  const known = pluginNames.join(', ')
  throw new ConfigError([
    `"authentication_plugins" names "${name}", which is no authentication plugin; known: ${known}`,
  ])
}

/** Older configurations name a module: `commissaire_http.authentication.httpbasicauth`. */
function shortName(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1)
}
