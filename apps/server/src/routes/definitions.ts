/**
 * What networks and container managers have in common: a name, a type and options, that are given once and then stay.
 * The same again is fine; something else under the same name is not.
 */
import { isDeepStrictEqual } from 'node:util'
import { BusError } from '@commissaire/bus'
import {
  type ListDefinition,
  type ModelDefinition,
  parseModel,
  restoreSecrets,
  safeModel,
} from '@commissaire/models'
import { isConflict } from '@commissaire/storage'
import { z } from 'zod'
import type { App, Backend } from '../backend.ts'
import { found } from '../http/errors.ts'
import { problems } from '../http/problem.ts'
import { NamePath, Names, Nothing, views } from './views.ts'

interface Named {
  readonly name: string
}

interface Definitions<T extends Named> {
  readonly model: ModelDefinition<T> & { readonly name: 'Network' | 'ContainerManagerConfig' }
  readonly list: ListDefinition<T>
  /** The path of all of them, and that of one. */
  readonly plural: string
  readonly singular: string
  /** What they are called. */
  readonly words: { readonly all: string; readonly one: string }
  /** Throws when the thing must stay. */
  readonly beforeDelete?: (name: string) => Promise<void>
}

/** Adds the endpoints of one kind of definition. */
export function definitionRoutes<T extends Named>(app: App, backend: Backend, kind: Definitions<T>): void {
  const { storage } = backend
  const { model, list, plural, singular, words, beforeDelete } = kind
  const view = views[model.name]
  const tags = [plural]
  const named = (name: string) => `${words.one} "${name}"`

  app.route({
    method: 'GET',
    url: `/${plural}`,
    schema: { tags, summary: `Lists the names of all ${words.all}`, response: { 200: Names, ...problems() } },
    handler: async () => (await storage.list(list)).map(({ name }) => name),
  })

  app.route({
    method: 'GET',
    url: `/${singular}/:name`,
    schema: {
      tags,
      summary: `Returns a ${words.one}`,
      params: NamePath,
      response: { 200: view, ...problems(404) },
    },
    handler: async ({ params: { name } }) =>
      safeModel(model, found(await storage.find(model, name), named(name))),
  })

  app.route({
    method: 'PUT',
    url: `/${singular}/:name`,
    schema: {
      tags,
      summary: `Creates a ${words.one}; an identical one is not an error`,
      params: NamePath,
      body: bodyOf(model),
      response: { 201: view, ...problems(409) },
    },
    handler: async ({ params: { name }, body }, reply) => {
      reply.code(201)
      return safeModel(model, await define(backend, model, { ...withoutNulls(body), name }))
    },
  })

  app.route({
    method: 'DELETE',
    url: `/${singular}/:name`,
    schema: {
      tags,
      summary: `Deletes a ${words.one}`,
      params: NamePath,
      response: { 200: Nothing, ...(beforeDelete ? problems(404, 405) : problems(404)) },
    },
    handler: async ({ params: { name } }) => {
      found(await storage.find(model, name), named(name))
      await beforeDelete?.(name)
      await storage.delete(model, name)
      return [] as []
    },
  })
}

async function define<T extends Named>(
  { storage }: Backend,
  model: ModelDefinition<T>,
  data: Named,
): Promise<T> {
  const shown = parseModel(model, data)
  const wanted = restoreSecrets(model, shown, await storage.find(model, data.name))
  try {
    return await storage.save(model, wanted, { revision: null })
  } catch (error) {
    if (!isConflict(error)) throw error
    const present = await storage.get(model, data.name)
    if (isDeepStrictEqual(present, wanted)) return present
    throw new BusError(
      'Conflict',
      `"${data.name}" exists already and is something else. Delete it first to replace it.`,
    )
  }
}

/** The model without its name, which is in the path; `null` counts as not given. */
function bodyOf({ schema }: ModelDefinition) {
  const { type, options } = schema.shape as Record<string, z.ZodType>
  return z.object({ type: z.nullish(type ?? z.string()), options: z.nullish(options ?? z.object()) })
}

function withoutNulls(body: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null && value !== undefined))
}
