/** The metrics of the dead letters of a service's queues, asked of the broker when somebody looks. */
import type { DeadLetterStats, DeadMessages } from '@commissaire/bus'
import { Gauge, type Registry } from 'prom-client'

/** Milliseconds for which an answer of the broker is shown again, so that scrapes do not burden it. */
const FRESH = 5_000
/** Milliseconds that the broker may take; the metrics of other queues do not wait longer. */
const TIMEOUT = 2_000

/** What is asked for the metrics: the queues that are served now, and the dead letters of the connection. */
export interface DeadLetterSource {
  readonly queues: readonly string[]
  readonly dead: DeadMessages
}

const readings = {
  commissaire_dead_letters: {
    help: 'Messages set aside on the queue',
    of: ({ messages }: DeadLetterStats) => messages,
  },
  commissaire_dead_letter_bytes: {
    help: 'Bytes of messages set aside',
    of: ({ bytes }: DeadLetterStats) => bytes,
  },
  commissaire_dead_letters_dropped: {
    help: 'Messages set aside that were dropped to make room',
    of: ({ dropped }: DeadLetterStats) => dropped,
  },
} as const

/** Says what is to be measured; undefined before the service has started. */
type Ask = () => DeadLetterSource | undefined

/** Services of one process share a registry, and each has queues of its own. */
const asked = new WeakMap<Registry, Set<Ask>>()

/** Adds the metrics of a service's queues to a registry. A queue whose broker does not answer in time has none. */
export function addDeadLetterMetrics(registry: Registry, ask: Ask): void {
  const known = asked.get(registry)
  if (known) return void known.add(ask)
  const all = new Set([ask])
  asked.set(registry, all)
  const seen: Seen = new Map()
  for (const [name, { help, of }] of Object.entries(readings))
    addGauge({ name, help, of }, { registry, all, seen })
}

interface Reading {
  readonly name: string
  readonly help: string
  readonly of: (stats: DeadLetterStats) => number | undefined
}

type Seen = Map<string, { at: number; stats: DeadLetterStats }>

function addGauge(
  { name, help, of }: Reading,
  { registry, all, seen }: { registry: Registry; all: ReadonlySet<Ask>; seen: Seen },
): void {
  const gauge = new Gauge({
    name,
    help,
    labelNames: ['queue'],
    registers: [registry],
    async collect() {
      const found = await Promise.all([...all].map((ask) => read(ask(), seen)))
      for (const [queue, stats] of found.flat()) {
        const value = of(stats)
        if (value !== undefined) gauge.set({ queue }, value)
      }
    },
  })
}

async function read(source: DeadLetterSource | undefined, seen: Seen): Promise<[string, DeadLetterStats][]> {
  if (!source) return []
  const stats = source.queues.map(async (queue): Promise<[string, DeadLetterStats][]> => {
    const known = seen.get(queue)
    if (known && Date.now() - known.at < FRESH) return [[queue, known.stats]]
    const found = await inTime(source.dead.stats(queue))
    if (!found) return []
    seen.set(queue, { at: Date.now(), stats: found })
    return [[queue, found]]
  })
  return (await Promise.all(stats)).flat()
}

/** Undefined where the broker is away or slow: then there is nothing to show. */
async function inTime(asked: Promise<DeadLetterStats>): Promise<DeadLetterStats | undefined> {
  const late = new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), TIMEOUT).unref())
  return Promise.race([asked.catch(() => undefined), late])
}
