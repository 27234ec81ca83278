/**
 * Assigns models to handlers: reads the configuration of the storage service and validates it.
 */
import { parse } from 'node:path'
import { type Fault, parseAs, ValidationError } from '@commissaire/models'
import { z } from 'zod'
import { ConfigurationError } from '../faults.ts'
import { type HandlerKind, loadHandlerKind } from './handler-kinds.ts'
import { storedModels } from '../keys.ts'
import { fitsPattern } from './patterns.ts'

/** The part of the storage service's configuration that is about handlers; each has options of its own beside these. */
export const StorageConfig = z.looseObject({
  storage_handlers: z
    .array(
      z.looseObject({
        type: z.string(),
        name: z.string().min(1, { error: 'must not be empty' }).optional(),
        models: z.array(z.string()).optional(),
      }),
    )
    .default([]),
})
export type StorageConfig = z.input<typeof StorageConfig>

/** A handler as it is configured, with the names of the models it has. */
export interface PlacedHandler {
  readonly name: string
  readonly type: string
  readonly kind: HandlerKind
  readonly options: object
  readonly models: readonly string[]
}

/** The type of the handler that has what nobody else was given. */
const defaultType = 'sqlite'

/** Reads a configuration; `file` is how errors name it. Every model has exactly one handler in the result. */
export async function placeModels(config: unknown, { file }: { file: string }): Promise<PlacedHandler[]> {
  const { storage_handlers } = explain(file, '', () => parseAs(StorageConfig, config, { name: file }))
  const handlers: PlacedHandler[] = []
  for (const [index, entry] of storage_handlers.entries()) {
    handlers.push(await place(entry, { file, path: `storage_handlers[${index}]`, others: handlers }))
  }
  return withSecrets(await withDefault(handlers, file))
}

/** Reads a configuration and opens nothing; throws a ConfigurationError for what cannot be meant. */
export async function checkConfiguration(config: StorageConfig, options: { file: string }): Promise<void> {
  await placeModels(config, options)
}

interface Surroundings {
  readonly file: string
  readonly path: string
  readonly others: readonly PlacedHandler[]
}

type Entry = z.output<typeof StorageConfig>['storage_handlers'][number]

async function place(entry: Entry, { file, path, others }: Surroundings): Promise<PlacedHandler> {
  const { type, name = callName(type), models: given, ...rest } = entry
  const kind = await loadHandlerKind(shortName(type), { where: `${file}: "${path}.type"`, file })
  const patterns = given ?? (kind.readOnly ? [] : ['*'])
  if (kind.readOnly && patterns.length > 0) {
    throw new ConfigurationError(
      `${file}: "${path}.models" is given, but ${name} can only be read; leave it out, and name ${name} as the "source" of hosts`,
    )
  }
  const options = explain(file, path, () => parseAs(kind.options, rest, { name: file }))
  if (others.some((other) => other.name === name)) {
    throw new ConfigurationError(
      `${file}: "${path}.name" is "${name}", as another handler's is; give each its own`,
    )
  }
  const models = choose(patterns, { file, path, others })
  return { name, type: shortName(type), kind, options, models }
}

/** The models that fit one of the patterns. */
function choose(patterns: readonly string[], { file, path, others }: Surroundings): string[] {
  const chosen = new Set<string>()
  for (const [index, pattern] of patterns.entries()) {
    const where = `${file}: "${path}.models[${index}]" is "${pattern}"`
    const fitting = openNames().filter((name) => fitsPattern(name, pattern))
    if (fitting.length === 0) {
      throw new ConfigurationError(`${where}, which fits no model; there are: ${openNames().join(', ')}`)
    }
    for (const name of fitting) {
      const other = others.find(({ models }) => models.includes(name))
      if (other)
        throw new ConfigurationError(`${where}, which fits ${name}; handler "${other.name}" has that already`)
      chosen.add(name)
    }
  }
  return [...chosen]
}

/** What no handler was given goes to one of the default type. */
async function withDefault(handlers: readonly PlacedHandler[], file: string): Promise<PlacedHandler[]> {
  const models = openNames().filter((name) => !handlers.some((handler) => handler.models.includes(name)))
  if (models.length === 0) return [...handlers]
  const name = handlers.some((handler) => handler.name === 'default') ? 'commissaire-default' : 'default'
  const kind = await loadHandlerKind(defaultType, { where: file, file })
  return [...handlers, { name, type: defaultType, kind, options: kind.options.parse({}), models }]
}

/** Secret models lie, sealed, where the hosts they belong to lie. */
function withSecrets(handlers: readonly PlacedHandler[]): PlacedHandler[] {
  const secret = storedModels.filter((model) => model.secret).map((model) => model.name)
  return handlers.map((handler) => {
    return handler.models.includes('Host') ? { ...handler, models: [...handler.models, ...secret] } : handler
  })
}

function openNames(): string[] {
  return storedModels.filter((model) => !model.secret).map((model) => model.name)
}

/** The original named handlers by the module they were in. */
function shortName(type: string): string {
  return type.replace(/^commissaire\.storage\./, '')
}

/** What a handler is called that has no name: a module as its file. */
function callName(type: string): string {
  return parse(shortName(type)).name
}

/** Runs `check` and turns faults into an error that names the file and the keys. */
function explain<T>(file: string, path: string, check: () => T): T {
  try {
    return check()
  } catch (cause) {
    if (!(cause instanceof ValidationError)) throw cause
    throw new ConfigurationError(`${file}: ${cause.faults.map((fault) => inPlace(path, fault)).join('; ')}`, {
      cause,
    })
  }
}

function inPlace(path: string, fault: Fault): string {
  const full = [path, fault.path].filter((part) => part !== '').join('.')
  return full === '' ? `it ${fault.message}` : `"${full}" ${fault.message}`
}
