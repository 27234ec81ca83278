/** The settings that all programs have in common, and their conversion to options of a service. */
import { z } from 'zod'
import { defaultConnectionUrl, type ServiceOptions } from '../service/service-options.ts'

/** The settings of every program. */
export const commonSettings = {
  bus_uri: z.string().min(1).default(defaultConnectionUrl).describe('URL of the message bus'),
  bus_exchange: z.string().min(1).default('commissaire').describe('topic exchange on the message bus'),
  debug: z.boolean().default(false).describe('log debug messages'),
}

/** The additional settings of every program that runs a service. */
export const serviceSettings = {
  health_listen: z
    .union([z.int().min(0).max(65_535), z.string()])
    .transform(String)
    .refine(isListenAddress, { error: 'a port, or host:port, like 127.0.0.1:9100' })
    .optional()
    .describe('address that serves /metrics, /healthz and /readyz'),
  processes: z.number().int().min(1).default(1).describe('number of processes that run the service'),
}

/** Returns the options of a service that follow from the settings of its program. */
export function connectionOf(settings: {
  readonly bus_uri: string
  readonly bus_exchange: string
  readonly health_listen?: string | undefined
}): Required<Pick<ServiceOptions, 'connectionUrl' | 'exchangeName'>> & Pick<ServiceOptions, 'healthListen'> {
  const { bus_uri: connectionUrl, bus_exchange: exchangeName, health_listen: healthListen } = settings
  return { connectionUrl, exchangeName, ...(healthListen !== undefined && { healthListen }) }
}

/** True for `9100`, `127.0.0.1:9100` and `[::1]:9100`. */
function isListenAddress(text: string): boolean {
  const port = /^(?:.+:)?(\d{1,5})$/.exec(text)?.[1]
  return port !== undefined && Number(port) <= 65_535
}
