/**
 * The endpoints of networks and container managers, which are created once and never changed. To create an identical one
 * again is not an error; to create a different one with the same name is a conflict.
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

interface DefinitionKind<T extends Named> {
  readonly model: ModelDefinition<T> & { readonly name: 'Network' | 'ContainerManagerConfig' }
  readonly list: ListDefinition<T>
  /** The first part of the path of all of them and of one. */
  readonly plural: string
  readonly singular: string
  /** What they are called in texts. */
  readonly words: { readonly all: string; readonly one: string }
  /** Throws when the definition must not be deleted. */
  readonly beforeDelete?: (name: string) => Promise<void>
}

/** Adds the endpoints of one kind of definition. */
export function definitionRoutes<T extends Named>(app: App, backend: Backend, kind: DefinitionKind<T>): void {
  for (const add of [listDefinitions, getDefinition, putDefinition, deleteDefinition]) add(app, backend, kind)
}

function listDefinitions<T extends Named>(
  app: App,
  { storage }: Backend,
  { list, plural, words }: DefinitionKind<T>,
): void {
  app.route({
    method: 'GET',
    url: `/${plural}`,
    schema: {
      tags: [plural],
      summary: `Lists the names of all ${words.all}`,
      response: { 200: Names, ...problems() },
    },
    handler: async () => (await storage.list(list)).map(({ name }) => name),
  })
}

function getDefinition<T extends Named>(
  app: App,
  backend: Backend,
  { model, plural, singular, words }: DefinitionKind<T>,
): void {
  app.route({
    method: 'GET',
    url: `/${singular}/:name`,
    schema: {
      tags: [plural],
      summary: `Returns a ${words.one}`,
      params: NamePath,
      response: { 200: views[model.name], ...problems(404) },
    },
    handler: async ({ params: { name } }) =>
      safeModel(model, found(await backend.storage.find(model, name), `${words.one} "${name}"`)),
  })
}

function putDefinition<T extends Named>(
  app: App,
  backend: Backend,
  { model, plural, singular, words }: DefinitionKind<T>,
): void {
  app.route({
    method: 'PUT',
    url: `/${singular}/:name`,
    schema: {
      tags: [plural],
      summary: `Creates a ${words.one}; an identical one is not an error`,
      params: NamePath,
      body: bodyOf(model),
      response: { 201: views[model.name], ...problems(409) },
    },
    handler: async ({ params: { name }, body }, reply) => {
      reply.code(201)
      return safeModel(model, await define(backend, model, { ...withoutNulls(body), name }))
    },
  })
}

function deleteDefinition<T extends Named>(
  app: App,
  { storage }: Backend,
  { model, plural, singular, words, beforeDelete }: DefinitionKind<T>,
): void {
  app.route({
    method: 'DELETE',
    url: `/${singular}/:name`,
    schema: {
      tags: [plural],
      summary: `Deletes a ${words.one}`,
      params: NamePath,
      response: { 200: Nothing, ...(beforeDelete ? problems(404, 405) : problems(404)) },
    },
    handler: async ({ params: { name } }) => {
      found(await storage.find(model, name), `${words.one} "${name}"`)
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

/** The schema of the body: the model without its name, which is in the path. `null` counts as not given. */
function bodyOf({ schema }: ModelDefinition) {
  const { type, options } = schema.shape as Record<string, z.ZodType>
  return z.object({ type: z.nullish(type ?? z.string()), options: z.nullish(options ?? z.object()) })
}

function withoutNulls(body: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null && value !== undefined))
}
