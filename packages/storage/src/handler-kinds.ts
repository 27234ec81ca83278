/**
 * The kinds of store handler, by the name that stands in a configuration. A kind's code is loaded when it is used.
 */
import type { z } from 'zod'
import { ConfigurationError } from './faults.ts'
import type { StoreHandler } from './handler.ts'

/** A kind of store handler: what its file in `handlers/` exports. */
export interface HandlerKind {
  /** Checks the handler's own part of the configuration and fills in defaults. */
  readonly options: z.ZodType<object>
  /** Whether what it holds outlives the process. */
  readonly lasting: boolean
  open(options: object, surroundings: { dataDir: string }): Promise<StoreHandler>
}

const kinds = new Map<string, () => Promise<HandlerKind>>([
  ['sqlite', async () => adapt(await import('./handlers/sqlite.ts'))],
  ['etcd', async () => adapt(await import('./handlers/etcd.ts'))],
  ['memory', async () => adapt(await import('./handlers/memory.ts'))],
])

/** Loads a kind of handler; `where` begins the error for a name that nobody knows. */
export async function loadHandlerKind(type: string, where: string): Promise<HandlerKind> {
  const load = kinds.get(type)
  if (load) return load()
  const allowed = [...kinds.keys()].map((name) => `"${name}"`).join(', ')
  throw new ConfigurationError(`${where} is "${type}"; allowed: ${allowed}`)
}

interface HandlerModule<Options extends object> {
  readonly options: z.ZodType<Options>
  readonly lasting: boolean
  readonly open: (options: Options, surroundings: { dataDir: string }) => Promise<StoreHandler>
}

/** Forgets which options a kind takes; its own schema is what checks them. */
function adapt<Options extends object>({ options, lasting, open }: HandlerModule<Options>): HandlerKind {
  return { options, lasting, open: (given, surroundings) => open(options.parse(given), surroundings) }
}
