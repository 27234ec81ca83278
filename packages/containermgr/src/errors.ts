/** How a container manager's fault looks to peers: its code opens the message, as scripts have always read it. */
import { BusError, errorTable } from '@commissaire/bus'

/** A fault of the container manager. Say what was tried, what was found and what to do. */
export function containerManagerError(
  message: string,
  options: { cause?: unknown; data?: Record<string, unknown> } = {},
): BusError {
  return new BusError('ContainerManager', `(${errorTable.ContainerManager.code}) ${message}`, options)
}

/** The fault of asking about a node that is not there. */
export function notRegistered(address: string): BusError {
  return containerManagerError(`Node ${address} is not registered`, {
    data: { address, reason: 'not_registered' },
  })
}
