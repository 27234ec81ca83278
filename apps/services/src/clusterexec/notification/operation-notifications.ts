/**
 * Notifications of the main events of operations, which webhooks pass on. The worker of an operation sends each once.
 *
 * Storage announces every change of a record; these notifications are sent only for changes of state. A notification is
 * sent after the event is stored: if the worker dies in between, the notification is lost, and the record is complete.
 */
import { randomUUID } from 'node:crypto'

import type { Logger, Requester } from '@commissaire/bus'
import { type Operation, timestamp } from '@commissaire/models'
import type { HostEntry, HostProgress, OperationEntry } from '@commissaire/rollout'

/** The names of notifications: the last word of the routing key `notify.operation.<name>`. */
export type NotificationName =
  | 'started'
  | 'paused'
  | 'resumed'
  | 'failed'
  | 'finished'
  | 'cancelled'
  | 'host_done'
  | 'host_failed'

/** The host that a notification is about. */
export interface NotifiedHost {
  readonly address: string
  readonly state: string
  readonly step: string
  readonly reason: string
  readonly code: string
}

/** Sends a notification. */
export type Notify = (name: NotificationName, operation: Operation, host?: NotifiedHost) => Promise<void>

/** Returns a function that sends notifications on the bus. A failure is logged and does not stop the operation. */
export function createNotify(requester: Requester, { log }: { log: Logger }): Notify {
  return async (name, operation, host) => {
    const body = { id: randomUUID(), event: `operation.${name}`, at: timestamp(), ...bodyOf(operation, host) }
    try {
      await requester.publish(`notify.operation.${name}`, body)
    } catch (err) {
      log.warn(
        { err, operation: operation.id },
        `Notification "${name}" of ${operation.id} could not be sent`,
      )
    }
  }
}

/** The notification for an entry of an operation's journal. */
export function notificationOf(entry: OperationEntry): NotificationName | undefined {
  if (entry.type === 'ended') return entry.status
  return entry.type === 'paused' || entry.type === 'resumed' ? entry.type : undefined
}

/** The notification for an entry of a host's journal, if the host has ended with it. */
export function hostNotificationOf(
  { type }: HostEntry,
  { state }: HostProgress,
): NotificationName | undefined {
  if (type !== 'step_done' && type !== 'step_failed') return undefined
  return state === 'done' ? 'host_done' : state === 'failed' ? 'host_failed' : undefined
}

/** The body without the command, which may contain secrets. */
function bodyOf(operation: Operation, host: NotifiedHost | undefined): object {
  const { id, kind, cluster, status, reason, version, hosts, started_at, finished_at } = operation
  return {
    operation: { id, kind, cluster, status, reason, version, hosts, started_at, finished_at },
    ...(host && { host }),
  }
}
