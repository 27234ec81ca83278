/** Connects a service to its bus, and passes on only what its options say. */
import { type Bus, BusError, connect, type Logger } from '@commissaire/bus'
import { ConfigError } from './config-error.ts'
import { redactText } from './redact.ts'
import { defaultConnectionUrl, type ServiceOptions } from './service-options.ts'

/** Opens a bus of the service's own. */
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
    throw isBrokersFault(cause) ? cause : wrongUrl(connectionUrl, cause)
  })
}

/** A broker that cannot be reached may come back; a URL that means nothing stays wrong. */
const isBrokersFault = (error: unknown) => error instanceof BusError

function wrongUrl(url: string, cause: unknown): ConfigError {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new ConfigError([{ setting: 'bus_uri', text: `is "${redactText(url)}"; ${why}` }], { cause })
}
