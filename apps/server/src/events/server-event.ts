/**
 * Turns broadcasts of the bus into events for clients: their names, their bodies and their subjects.
 *
 * Only the models in the table below become events, without their hidden attributes. Secret models must never be added
 * to the table.
 */
import type { Broadcast } from '@commissaire/bus'
import {
  Cluster,
  Host,
  type ModelDefinition,
  Operation,
  OperationHost,
  safeModel,
  Schedule,
} from '@commissaire/models'
import { z } from 'zod'

/** The kinds of events: the first word of an event's name. */
export const eventKinds = ['host', 'cluster', 'operation', 'operation_host', 'schedule', 'output'] as const

/** A kind of events. */
export type EventKind = (typeof eventKinds)[number]

/** An event for clients. */
export interface ServerEvent {
  readonly kind: EventKind
  /** `host.updated`, `output`. */
  readonly name: string
  /** The body, as JSON text. */
  readonly text: string
  readonly about: EventSubject
}

/** What an event concerns, as far as the event itself says it. */
export interface EventSubject {
  readonly host?: string | undefined
  readonly cluster?: string | undefined
  readonly operation?: string | undefined
}

/** The routing keys of the broadcasts that become events. */
export const eventKeys: readonly string[] = [
  'notify.storage.#',
  'internal.storage.#',
  'notify.operation.output',
]

const Announcement = z.object({
  event: z.enum(['created', 'updated', 'deleted']),
  class: z.string(),
  model: z.record(z.string(), z.unknown()),
})

const Output = z.object({
  operation: z.string(),
  address: z.string(),
  step: z.string(),
  lines: z.array(z.object({ stream: z.string(), line: z.string() })),
})

type Model = Readonly<Record<string, unknown>>

interface EventSource {
  readonly kind: EventKind
  readonly definition: ModelDefinition
  readonly about: (model: Model) => EventSubject
}

const eventSources: readonly EventSource[] = [
  { kind: 'host', definition: Host, about: (model) => ({ host: text(model['address']) }) },
  { kind: 'cluster', definition: Cluster, about: (model) => ({ cluster: text(model['name']) }) },
  {
    kind: 'operation',
    definition: Operation,
    about: (model) => ({ operation: text(model['id']), cluster: text(model['cluster']) }),
  },
  {
    kind: 'operation_host',
    definition: OperationHost,
    about: (model) => ({ operation: text(model['operation']), host: text(model['address']) }),
  },
  { kind: 'schedule', definition: Schedule, about: (model) => ({ cluster: text(model['cluster']) }) },
]

const sourcesByModel = new Map(eventSources.map((source) => [source.definition.name, source]))

/** Returns the event for a broadcast; undefined for one that is not for clients or is malformed. */
export function eventOf({ routingKey, body }: Broadcast): ServerEvent | undefined {
  return routingKey === 'notify.operation.output' ? outputEvent(body) : storageEvent(routingKey, body)
}

function storageEvent(routingKey: string, body: unknown): ServerEvent | undefined {
  const read = Announcement.safeParse(body)
  if (!read.success) return undefined
  const { event, class: name, model } = read.data
  const known = sourcesByModel.get(name)
  const topic = known?.definition.announced === 'internal' ? 'internal' : 'notify'
  if (!known || routingKey !== `${topic}.storage.${name}.${event}`) return undefined
  const { kind, definition, about } = known
  const shown = withoutJournal(kind, safeModel(definition, model))
  const text = JSON.stringify({ event, class: name, model: shown })
  return { kind, name: `${kind}.${event}`, text, about: about(shown) }
}

function outputEvent(body: unknown): ServerEvent | undefined {
  const read = Output.safeParse(body)
  if (!read.success) return undefined
  const { operation, address: host } = read.data
  return { kind: 'output', name: 'output', text: JSON.stringify(read.data), about: { operation, host } }
}

/** Leaves out the journal: it grows with every step and would be repeated in every event. Clients can request it. */
function withoutJournal(kind: EventKind, { journal, ...rest }: Model): Model {
  return kind === 'operation_host' || journal === undefined ? rest : { ...rest, journal }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
