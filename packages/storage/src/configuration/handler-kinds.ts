/**
 * The types of store handlers: built-in ones by name, others by the path or the package of a module. The code of a type is
 * loaded when it is used.
 */
import { dirname, isAbsolute, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { z } from 'zod'
import { ConfigurationError } from '../faults.ts'
import type { StoreHandler } from '../handler.ts'

/** A kind of store handler, whatever options it takes. */
export type HandlerKind = HandlerModule<object>

/** What the module of a store handler exports. */
export interface HandlerModule<Options extends object> {
  /** Checks the handler's own part of the configuration and fills in defaults. */
  readonly options: z.ZodType<Options>
  /** Whether what it holds outlives the process. */
  readonly lasting: boolean
  /** True for what can only be read: the source of external hosts, and not the place of a model. */
  readonly readOnly?: boolean
  readonly open: (options: Options, surroundings: { dataDir: string }) => Promise<StoreHandler>
}

const kinds = new Map<string, () => Promise<HandlerKind>>([
  ['sqlite', async () => adapt(await import('../handlers/sqlite/sqlite.ts'))],
  ['etcd', async () => adapt(await import('../handlers/etcd/etcd.ts'))],
  ['memory', async () => adapt(await import('../handlers/memory.ts'))],
])

/** Where a type stands. */
interface Whereabouts {
  /** Begins the error for a type that nobody knows. */
  readonly where: string
  /** The configuration: paths of modules are relative to its directory. */
  readonly file: string
}

/** Loads a kind of handler. */
export async function loadHandlerKind(type: string, { where, file }: Whereabouts): Promise<HandlerKind> {
  const load = kinds.get(type)
  if (load) return load()
  const isPath = type.startsWith('.') || isAbsolute(type)
  const module = isPath ? pathToFileURL(resolve(dirname(file), type)).href : type
  return checked(await importModule(module, { type, where }), `${where} is "${type}"`)
}

async function importModule(
  module: string,
  { type, where }: { type: string; where: string },
): Promise<unknown> {
  try {
    return await import(module)
  } catch (cause) {
    if (!isMissing(cause))
      throw new ConfigurationError(`${where} is "${type}", which fails: ${text(cause)}`, { cause })
    const allowed = [...kinds.keys()].map((name) => `"${name}"`).join(', ')
    const message = `${where} is "${type}"; allowed: ${allowed}, the path of a module, or a package that is installed`
    throw new ConfigurationError(message, { cause })
  }
}

function isMissing(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return (
    /^ERR_(MODULE_NOT_FOUND|UNSUPPORTED_|INVALID_MODULE_SPECIFIER)/.test(code) ||
    /Cannot find|Failed to load url/.test(text(error))
  )
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function checked(module: unknown, found: string): HandlerKind {
  if (isHandlerModule(module)) return adapt(module)
  throw new ConfigurationError(
    `${found}, which is no store handler; it must export "options", "lasting" and "open"`,
  )
}

function isHandlerModule(module: unknown): module is HandlerModule<object> {
  if (typeof module !== 'object' || module === null) return false
  const { options, lasting, open } = { options: null, lasting: null, open: null, ...module }
  const isSchema = typeof options === 'object' && options !== null && 'safeParse' in options
  return isSchema && typeof lasting === 'boolean' && typeof open === 'function'
}

/** Forgets which options a kind takes; its own schema is what checks them. */
function adapt<Options extends object>({
  options,
  lasting,
  readOnly = false,
  open,
}: HandlerModule<Options>): HandlerKind {
  return {
    options,
    lasting,
    readOnly,
    open: (given, surroundings) => open(options.parse(given), surroundings),
  }
}
