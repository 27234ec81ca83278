/** Connects a service to its bus, and passes on only what its options say. */
import { type Bus, connect, type Logger } from '@commissaire/bus'
import { defaultConnectionUrl, type ServiceOptions } from './service-options.ts'

/** Opens a bus of the service's own. */
export function openBus(options: ServiceOptions, log: Logger): Promise<Bus> {
  const {
    connectionUrl = defaultConnectionUrl(),
    exchangeName,
    visibility,
    maxAttempts,
    requestTimeout,
  } = options
  return connect(connectionUrl, {
    log,
    ...(exchangeName !== undefined && { exchange: exchangeName }),
    ...(visibility !== undefined && { visibility }),
    ...(maxAttempts !== undefined && { maxAttempts }),
    ...(requestTimeout !== undefined && { requestTimeout }),
  })
}
