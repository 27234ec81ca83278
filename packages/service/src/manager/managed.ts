/**
 * The side of a child process: runs the service, tells the manager that it is ready or what it died of, drains when the
 * manager says so or is gone, and hands over its metrics.
 */
import { type FromChild, isToChild, reportable } from './child-messages.ts'
import type { CommissaireService } from '../service/commissaire-service.ts'

/** Names, in a child's environment, the manager that started it: programs may have several. */
export const childVariable = 'COMMISSAIRE_CHILD_OF'

const startedBy = process.env[childVariable]
// A program that the service starts is no child of the manager.
delete process.env[childVariable]

/** The manager that started this process, by its number; undefined when none did. */
export function managerOfThisProcess(): number | undefined {
  return startedBy === undefined || process.send === undefined ? undefined : Number(startedBy)
}

/** Runs the service until the manager, or a signal, says that it is enough. */
export async function runAsChild(make: () => CommissaireService): Promise<void> {
  const stop = new AbortController()
  const listeners = {
    disconnect: () => stop.abort(),
    uncaughtException: (error: Error) => tell(fatal(error), () => process.exit(1)),
    SIGHUP: () => {},
  }
  for (const [event, listener] of Object.entries(listeners)) process.on(event, listener)
  stop.signal.addEventListener('abort', () => tell({ commissaire: 'stopping' }), { once: true })
  try {
    const service = make()
    process.on('message', (message) => obey(message, service, stop))
    await service.run({
      signal: stop.signal,
      onReady: () => tell({ commissaire: 'ready' }),
      onStray: tellOfStray,
    })
  } catch (error) {
    process.exitCode = 1
    await new Promise<void>((resolve) => tell(fatal(error), resolve))
  }
  leave()
}

function obey(message: unknown, service: CommissaireService, stop: AbortController): void {
  if (!isToChild(message)) return
  if (message.commissaire === 'drain') return stop.abort()
  const collected = service.metrics.getMetricsAsJSON()
  collected.then((figures) => tell({ commissaire: 'metrics', figures }), tellOfStray)
}

const fatal = (error: unknown): FromChild => ({ commissaire: 'error', error: reportable(error), fatal: true })

function tellOfStray(error: unknown): void {
  tell({ commissaire: 'error', error: reportable(error), fatal: false })
}

/** The manager may be gone already; then there is nobody to tell. */
function tell(message: FromChild, told: () => void = () => {}): void {
  if (process.send === undefined || !process.connected) return told()
  process.send(message, undefined, undefined, () => told())
}

/** Ends this process when nothing holds it; and soon after that, whatever holds it. */
function leave(): void {
  if (process.connected) process.disconnect()
  setTimeout(() => process.exit(), 2_000).unref()
}
