/** Connects a service to its bus. */
import { type Bus, connect, type Logger } from '@commissaire/bus'
import { ConfigError } from '../program/config-error.ts'
import { redactText } from '../observability/redact.ts'
import { defaultConnectionUrl, type ServiceOptions } from './service-options.ts'

/** Opens a bus with the given options. Throws a `ConfigError` for `bus_uri` when the URL is invalid. */
export async function openBus(options: ServiceOptions, log: Logger): Promise<Bus> {
  const {
    connectionUrl = defaultConnectionUrl(),
    exchangeName,
    visibility,
    maxAttempts,
    requestTimeout,
  } = options
  const connecting = connect(connectionUrl, {
    log,
    ...(exchangeName !== undefined && { exchange: exchangeName }),
    ...(visibility !== undefined && { visibility }),
    ...(maxAttempts !== undefined && { maxAttempts }),
    ...(requestTimeout !== undefined && { requestTimeout }),
  })
  return connecting.catch((cause: unknown) => {
    // An unreachable broker may come back; an invalid URL stays invalid.
    throw cause instanceof TypeError ? invalidUrl(connectionUrl, cause) : cause
  })
}

function invalidUrl(url: string, cause: TypeError): ConfigError {
  const text = `is "${redactText(url)}"; ${cause.message}`
  return new ConfigError([{ setting: 'bus_uri', text }], { cause })
}
