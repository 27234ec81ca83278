/**
 * What counts of an operation, told once when it happens, by whoever works on it: that is what webhooks pass on.
 *
 * Announcements of storage tell how things stand, again and again; these tell that something became so. They are told
 * after it is written down, so a worker that dies between the two tells nothing; the operation's record has it all the same.
 */
import { randomUUID } from 'node:crypto'

import type { Logger, Requester } from '@commissaire/bus'
import { type Operation, timestamp } from '@commissaire/models'
import type { HostEntry, HostProgress, OperationEntry } from '@commissaire/rollout'

/** What is told, by the last word of its routing key `notify.operation.<name>`. */
export type NotificationName =
  | 'started'
  | 'paused'
  | 'resumed'
  | 'failed'
  | 'finished'
  | 'cancelled'
  | 'host_done'
  | 'host_failed'

/** A host of an operation, where a tiding is about one. */
export interface NotifiedHost {
  readonly address: string
  readonly state: string
  readonly step: string
  readonly reason: string
  readonly code: string
}

/** Tells something of an operation. */
export type Notify = (name: NotificationName, operation: Operation, host?: NotifiedHost) => Promise<void>

/** Tells it on the bus, where it is kept for those who asked. That it cannot be told stops nobody. */
export function createNotify(requester: Requester, { log }: { log: Logger }): Notify {
  return async (name, operation, host) => {
    const body = { id: randomUUID(), event: `operation.${name}`, at: timestamp(), ...bodyOf(operation, host) }
    try {
      await requester.publish(`notify.operation.${name}`, body)
    } catch (err) {
      log.warn({ err, operation: operation.id }, `That ${operation.id} has news (${name}) could not be told`)
    }
  }
}

/** What an entry of an operation's journal tells. */
export function notificationOf(entry: OperationEntry): NotificationName | undefined {
  if (entry.type === 'ended') return entry.status
  return entry.type === 'paused' || entry.type === 'resumed' ? entry.type : undefined
}

/** What an entry of a host's journal tells: that the host has come to an end by it. */
export function hostNotificationOf(
  { type }: HostEntry,
  { state }: HostProgress,
): NotificationName | undefined {
  if (type !== 'step_done' && type !== 'step_failed') return undefined
  return state === 'done' ? 'host_done' : state === 'failed' ? 'host_failed' : undefined
}

/** Without what a command line might give away. */
function bodyOf(operation: Operation, host: NotifiedHost | undefined): object {
  const { id, kind, cluster, status, reason, version, hosts, started_at, finished_at } = operation
  return {
    operation: { id, kind, cluster, status, reason, version, hosts, started_at, finished_at },
    ...(host && { host }),
  }
}
