/** Connects a service to its bus, and passes on only what its options say. */
import { type Bus, connect, type Logger } from '@commissaire/bus'
import { ConfigError } from '../program/config-error.ts'
import { redactText } from '../observability/redact.ts'
import { defaultConnectionUrl, type ServiceOptions } from './service-options.ts'

/** Opens a bus as options say. Throws a `ConfigError` about `bus_uri` for a URL that means nothing. */
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
    // A broker that cannot be reached may come back; a URL that means nothing stays wrong.
    throw cause instanceof TypeError ? wrongUrl(connectionUrl, cause) : cause
  })
}

function wrongUrl(url: string, cause: TypeError): ConfigError {
  const text = `is "${redactText(url)}"; ${cause.message}`
  return new ConfigError([{ setting: 'bus_uri', text }], { cause })
}
