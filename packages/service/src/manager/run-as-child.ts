/**
 * Runs a service in a child process of the manager: reports when it is ready and which error ended it, drains when the
 * manager asks or has ended, and sends its metrics.
 */
import { type MessageFromChild, isMessageToChild, toReportedError } from './child-messages.ts'
import type { Runnable } from '../service/runnable.ts'

/** The environment variable with the number of the manager that started a child; a program may have several managers. */
export const managerVariable = 'COMMISSAIRE_CHILD_OF'

const startedBy = process.env[managerVariable]
// Programs that the service itself starts are not children of the manager.
delete process.env[managerVariable]

/** The number of the manager that started this process; undefined when no manager did. */
export function managerOfThisProcess(): number | undefined {
  return startedBy === undefined || process.send === undefined ? undefined : Number(startedBy)
}

/** Runs the service until the manager or a signal stops it. */
export async function runAsChild(make: () => Runnable): Promise<void> {
  const stop = new AbortController()
  const listeners = {
    disconnect: () => stop.abort(),
    uncaughtException: (error: Error) => send(fatalError(error), () => process.exit(1)),
    SIGHUP: () => {},
  }
  for (const [event, listener] of Object.entries(listeners)) process.on(event, listener)
  stop.signal.addEventListener('abort', () => send({ commissaire: 'stopping' }), { once: true })
  try {
    const service = make()
    process.on('message', (message) => handleMessage(message, service, stop))
    await service.run({
      signal: stop.signal,
      onReady: () => send({ commissaire: 'ready' }),
      onUnhandledRejection: reportRejection,
    })
  } catch (error) {
    process.exitCode = 1
    await new Promise<void>((resolve) => send(fatalError(error), resolve))
  }
  exitSoon()
}

function handleMessage(message: unknown, service: Runnable, stop: AbortController): void {
  if (!isMessageToChild(message)) return
  if (message.commissaire === 'drain') return stop.abort()
  const collected = service.metrics.getMetricsAsJSON()
  collected.then((metrics) => send({ commissaire: 'metrics', metrics }), reportRejection)
}

const fatalError = (error: unknown): MessageFromChild => ({
  commissaire: 'error',
  error: toReportedError(error),
  fatal: true,
})

function reportRejection(error: unknown): void {
  send({ commissaire: 'error', error: toReportedError(error), fatal: false })
}

/** Sends a message to the manager; does nothing when the manager has ended already. */
function send(message: MessageFromChild, onSent: () => void = () => {}): void {
  if (process.send === undefined || !process.connected) return onSent()
  process.send(message, undefined, undefined, () => onSent())
}

/** Lets this process exit, and exits after two seconds if something keeps it alive. */
function exitSoon(): void {
  if (process.connected) process.disconnect()
  setTimeout(() => process.exit(), 2_000).unref()
}
