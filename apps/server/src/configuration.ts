/**
 * The server's configuration: what its file, its environment and its flags may say.
 */
import { ConfigError, type FlagDefinition } from '@commissaire/service'
import { z } from 'zod'
import type { PluginConfiguration } from './auth/plugin-loader.ts'
import { WebhookSettings } from './webhooks/webhook-settings.ts'

/** The settings of the server, besides those that all programs have. Keys may be written with `-` as well. */
export const ServerSettings = z.object({
  listen_interface: z.string().min(1).default('0.0.0.0').describe('the interface to listen on'),
  listen_port: z.number().int().min(0).max(65_535).default(8000).describe('the port to listen on'),
  tls_pemfile: z.string().min(1).optional().describe('private key and certificate, in one PEM file'),
  tls_clientverifyfile: z.string().min(1).optional().describe('the authorities of client certificates'),
  authentication_plugins: z
    .array(z.looseObject({ name: z.string().min(1) }))
    .default([])
    .describe('who lets people in, tried in order'),
  self_auths: z.array(z.string().startsWith('/')).default([]).describe('paths that authenticate themselves'),
  bus_calls: z
    .boolean()
    .default(false)
    .describe('whether operators may call any method of any service (commctl bus call)'),
  webhooks: z.array(WebhookSettings).default([]).describe('whom to tell what becomes of operations'),
})

/** The server's own flags. */
export const serverFlags: readonly FlagDefinition[] = [
  {
    flags: '-i, --listen-interface <address>',
    key: 'listen_interface',
    description: 'the interface to listen on',
  },
  { flags: '-p, --listen-port <port>', key: 'listen_port', description: 'the port to listen on' },
  {
    flags: '--tls-pemfile <file>',
    key: 'tls_pemfile',
    description: 'private key and certificate, in one PEM file',
  },
  {
    flags: '--tls-clientverifyfile <file>',
    key: 'tls_clientverifyfile',
    description: 'the authorities of client certificates; with it every client needs one',
  },
  {
    flags: '--authentication-plugin <NAME:key=value,…>',
    key: 'authentication_plugins',
    description: 'who lets people in; may be repeated',
    parse: (text, soFar) => [...listOf(soFar), pluginOf(text)],
  },
  {
    flags: '--self-auth <path>',
    key: 'self_auths',
    description: 'a path that authenticates itself; may be repeated',
    parse: (text, soFar) => [...listOf(soFar), text],
  },
  {
    flags: '--bus-calls',
    key: 'bus_calls',
    description: 'let operators call any method of any service (commctl bus call)',
  },
]

function listOf(soFar: unknown): unknown[] {
  return Array.isArray(soFar) ? soFar : []
}

/** Reads `httpbasicauth:filepath=/etc/commissaire/users.json`. */
function pluginOf(text: string): PluginConfiguration {
  const [name = '', ...rest] = text.split(':')
  const options = rest.join(':')
  return { ...Object.fromEntries(options === '' ? [] : options.split(',').map(optionOf)), name }
}

function optionOf(text: string): [key: string, value: string] {
  const equals = text.indexOf('=')
  if (equals > 0) return [text.slice(0, equals), text.slice(equals + 1)]
  throw new ConfigError([`--authentication-plugin: "${text}" is no option; write NAME:key=value,key=value`])
}
