/**
 * What clients are told of: which notices of the bus become events, how they are named, and what each is about.
 *
 * Only the models in this table are told of, and of those only what answers show. Whoever adds a secret model adds it
 * to no table.
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

/** What events are about, by the first word of their names. */
export const eventKinds = ['host', 'cluster', 'operation', 'operation_host', 'schedule', 'output'] as const

/** What an event is about. */
export type EventKind = (typeof eventKinds)[number]

/** Something that happened. */
export interface ServerEvent {
  readonly kind: EventKind
  /** `host.updated`, `output`. */
  readonly name: string
  /** Its body, as JSON text. */
  readonly text: string
  readonly about: About
}

/** What an event concerns, as far as it says so itself. */
export interface About {
  readonly host?: string | undefined
  readonly cluster?: string | undefined
  readonly operation?: string | undefined
}

/** The routing keys on which all of it comes. */
export const eventKeys: readonly string[] = ['notify.storage.#', 'notify.operation.output']

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

interface Told {
  readonly kind: EventKind
  readonly definition: ModelDefinition
  readonly about: (model: Model) => About
}

const told: readonly Told[] = [
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

const toldByName = new Map(told.map((one) => [one.definition.name, one]))

/** The event that a notice is; undefined for what clients are not told of, and for what cannot be read. */
export function eventOf({ routingKey, body }: Broadcast): ServerEvent | undefined {
  return routingKey === 'notify.operation.output' ? outputEvent(body) : storageEvent(routingKey, body)
}

function storageEvent(routingKey: string, body: unknown): ServerEvent | undefined {
  const read = Announcement.safeParse(body)
  if (!read.success) return undefined
  const { event, class: name, model } = read.data
  const known = toldByName.get(name)
  if (!known || routingKey !== `notify.storage.${name}.${event}`) return undefined
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

/** A host's journal grows with every step, and each step tells of it anew; who wants it asks for it. */
function withoutJournal(kind: EventKind, { journal, ...rest }: Model): Model {
  return kind === 'operation_host' || journal === undefined ? rest : { ...rest, journal }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
