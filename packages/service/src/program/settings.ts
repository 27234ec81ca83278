/** The settings that programs of this system have in common, and what a service makes of them. */
import { z } from 'zod'
import { defaultConnectionUrl, type ServiceOptions } from '../service/service-options.ts'

/** What every program knows: where the bus is, and how much to say. */
export const commonSettings = {
  bus_uri: z.string().min(1).default(defaultConnectionUrl).describe('where the message bus is'),
  bus_exchange: z.string().min(1).default('commissaire').describe('the topic exchange on it'),
  debug: z.boolean().default(false).describe('log more'),
}

/** What every program of a service knows besides. */
export const serviceSettings = {
  health_listen: z
    .union([z.int().min(0).max(65_535), z.string()])
    .transform(String)
    .refine(isListenAddress, { error: 'a port, or host:port, like 127.0.0.1:9100' })
    .optional()
    .describe('where to answer /metrics, /healthz and /readyz'),
  processes: z.number().int().min(1).default(1).describe('how many processes run the service'),
}

/** The part of a service's options that its program's settings decide. */
export function connectionOf(settings: {
  readonly bus_uri: string
  readonly bus_exchange: string
  readonly health_listen?: string | undefined
}): Required<Pick<ServiceOptions, 'connectionUrl' | 'exchangeName'>> & Pick<ServiceOptions, 'healthListen'> {
  const { bus_uri: connectionUrl, bus_exchange: exchangeName, health_listen: healthListen } = settings
  return { connectionUrl, exchangeName, ...(healthListen !== undefined && { healthListen }) }
}

/** `9100`, `127.0.0.1:9100`, `[::1]:9100`. */
function isListenAddress(text: string): boolean {
  const port = /^(?:.+:)?(\d{1,5})$/.exec(text)?.[1]
  return port !== undefined && Number(port) <= 65_535
}
