/**
 * Copies everything from one store to another, whatever their handlers are. Secrets are opened with the keys of the one
 * and sealed with the keys of the other.
 *
 * The copy is read again and compared by a digest over all models.
 */
import { createHash } from 'node:crypto'
import { defaultNetwork, keyOf, type ModelDefinition } from '@commissaire/models'
import { keyPath, storedModels } from './keys.ts'
import type { Store } from './store.ts'

/** How a copy is to be made. */
export interface CopyOptions {
  /** `empty`: the target must have nothing but the default network. `merge`: what only the target has stays there. */
  readonly into?: 'empty' | 'merge'
  /** Called after every step. */
  readonly onProgress?: (progress: Progress) => void
  /** Ends it between two steps; what has been written stays. */
  readonly signal?: AbortSignal
}

/** How far a copy has come with one model. */
export interface Progress {
  readonly model: string
  readonly done: number
  readonly of: number
}

/** What was copied. */
export interface Copied {
  /** How many there are of each model, of those there are any of. */
  readonly counts: Readonly<Record<string, number>>
  /** SHA-256 over all that was read from the one, and over the same as it was read again from the other. */
  readonly digests: { readonly from: string; readonly to: string }
}

/** Thrown when a target has models of its own, and nobody said that they may stay. */
export class TargetNotEmpty extends Error {
  override readonly name = 'TargetNotEmpty'
  readonly code = 'target-not-empty'
  readonly counts: Readonly<Record<string, number>>

  constructor(counts: Readonly<Record<string, number>>) {
    super(`The target is not empty: it has ${asText(counts)}. Nothing was copied`)
    this.counts = counts
  }
}

/** Copies everything. Rejects when something could not be read or written; what has been written by then stays. */
export async function copyStore(from: Store, to: Store, options: CopyOptions = {}): Promise<Copied> {
  if (options.into !== 'merge') await refuseUnlessEmpty(to)
  const source = await readAll(from)
  for (const [definition, models] of source) await write(to, { definition, models }, options)
  const target = await readAll(to)
  const counts = countsOf(source)
  return { counts, digests: { from: digestOf(source), to: digestOf(onlyThoseOf(target, source)) } }
}

/** `2 Host, 1 Cluster`. */
export function asText(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ')
}

type Content = ReadonlyMap<ModelDefinition, readonly object[]>

async function readAll(store: Store): Promise<Content> {
  const content = new Map<ModelDefinition, readonly object[]>()
  for (const definition of storedModels) content.set(definition, await store.list({ of: definition }))
  return content
}

async function refuseUnlessEmpty(store: Store): Promise<void> {
  const content = new Map(await readAll(store))
  const counts = countsOf(content)
  const untouched = JSON.stringify([[...content.values()].flat()]) === JSON.stringify([[defaultNetwork]])
  if (Object.keys(counts).length > 0 && !untouched) throw new TargetNotEmpty(counts)
}

/** So that no save is more than any handler takes. */
const most = { models: 100, characters: 500_000 }

async function write(
  to: Store,
  { definition, models }: { definition: ModelDefinition; models: readonly object[] },
  { onProgress, signal, into = 'empty' }: CopyOptions,
): Promise<void> {
  let done = 0
  for (const batch of inBatches(models)) {
    signal?.throwIfAborted()
    await to.save(
      definition,
      batch.map((model) => (mayReplace(model, into) ? { model } : { model, revision: null })),
    )
    done += batch.length
    onProgress?.({ model: definition.name, done, of: models.length })
  }
}

/** Into an empty target nothing is written over what somebody else puts there meanwhile, but for the default network. */
function mayReplace(model: object, into: 'empty' | 'merge'): boolean {
  return into === 'merge' || Reflect.get(model, 'name') === defaultNetwork.name
}

function* inBatches(models: readonly object[]): Generator<readonly object[]> {
  let batch: object[] = []
  let length = 0
  for (const model of models) {
    const size = JSON.stringify(model).length
    if (batch.length > 0 && (batch.length === most.models || length + size > most.characters)) {
      yield batch
      batch = []
      length = 0
    }
    batch.push(model)
    length += size
  }
  if (batch.length > 0) yield batch
}

function countsOf(content: Content): Record<string, number> {
  const counts = [...content].map(([{ name }, models]) => [name, models.length] as const)
  return Object.fromEntries(counts.filter(([, count]) => count > 0))
}

function onlyThoseOf(content: Content, other: Content): Content {
  return new Map(
    [...content].map(([definition, models]) => {
      const keys = new Set(other.get(definition)?.map((model) => keyOf(definition, model)))
      return [definition, models.filter((model) => keys.has(keyOf(definition, model)))]
    }),
  )
}

function digestOf(content: Content): string {
  const lines = [...content].flatMap(([definition, models]) =>
    models.map((model) => `${keyPath(definition, keyOf(definition, model))} ${JSON.stringify(model)}\n`),
  )
  return createHash('sha256').update(lines.sort().join('')).digest('hex')
}
