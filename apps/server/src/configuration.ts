/**
 * The configuration of the server: settings and flags.
 */
import { ConfigError, type FlagDefinition } from '@commissaire/service'
import { z } from 'zod'
import type { PluginConfiguration } from './auth/plugin-loader.ts'
import { WebhookSettings } from './webhooks/webhook-settings.ts'

/** The server's own settings. Keys may be written with `-` instead of `_`. */
export const ServerSettings = z.object({
  listen_interface: z.string().min(1).default('0.0.0.0').describe('the address to listen on'),
  listen_port: z.number().int().min(0).max(65_535).default(8000).describe('the port to listen on'),
  tls_pemfile: z.string().min(1).optional().describe('a PEM file with the private key and the certificate'),
  tls_clientverifyfile: z
    .string()
    .min(1)
    .optional()
    .describe('a PEM file with the authorities that client certificates must be signed by'),
  authentication_plugins: z
    .array(z.looseObject({ name: z.string().min(1) }))
    .default([])
    .describe('the authentication plugins, tried in order'),
  self_auths: z.array(z.string().startsWith('/')).default([]).describe('paths that authenticate themselves'),
  bus_calls: z
    .boolean()
    .default(false)
    .describe('whether admins may call any method of any service (commctl bus call)'),
  max_requests: z
    .number()
    .int()
    .min(1)
    .default(128)
    .describe('how many requests are worked on at a time; eight times as many wait, at most two seconds'),
  webhooks: z.array(WebhookSettings).default([]).describe('where to send the events of operations'),
})

/** The server's own flags. */
export const serverFlags: readonly FlagDefinition[] = [
  {
    flags: '-i, --listen-interface <address>',
    key: 'listen_interface',
    description: 'the address to listen on',
  },
  { flags: '-p, --listen-port <port>', key: 'listen_port', description: 'the port to listen on' },
  {
    flags: '--tls-pemfile <file>',
    key: 'tls_pemfile',
    description: 'a PEM file with the private key and the certificate',
  },
  {
    flags: '--tls-clientverifyfile <file>',
    key: 'tls_clientverifyfile',
    description:
      'a PEM file with the authorities of client certificates; every client then needs a certificate',
  },
  {
    flags: '--authentication-plugin <NAME:key=value,…>',
    key: 'authentication_plugins',
    description: 'an authentication plugin and its options; may be repeated',
    parse: (text, previous) => [...listOf(previous), parsePlugin(text)],
  },
  {
    flags: '--self-auth <path>',
    key: 'self_auths',
    description: 'a path that authenticates itself; may be repeated',
    parse: (text, previous) => [...listOf(previous), text],
  },
  {
    flags: '--max-requests <number>',
    key: 'max_requests',
    description: 'how many requests are worked on at a time',
  },
  {
    flags: '--bus-calls',
    key: 'bus_calls',
    description: 'let admins call any method of any service (commctl bus call)',
  },
]

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

/** Parses `httpbasicauth:filepath=/etc/commissaire/users.json`. */
function parsePlugin(text: string): PluginConfiguration {
  const [name = '', ...rest] = text.split(':')
  const options = rest.join(':')
  return { ...Object.fromEntries(options === '' ? [] : options.split(',').map(parseOption)), name }
}

function parseOption(text: string): [key: string, value: string] {
  const equals = text.indexOf('=')
  if (equals > 0) return [text.slice(0, equals), text.slice(equals + 1)]
  throw new ConfigError([
    `--authentication-plugin: "${text}" is not an option; write NAME:key=value,key=value`,
  ])
}
