/** Operations as they stand and as they went: `/operations`, one of them, and one host of one. */
import {
  Operation,
  OperationHost,
  operationHostKey,
  OperationHosts,
  operationKindNames,
  OperationOutput,
  Operations,
  rolloutStatuses,
  safeModel,
} from '@commissaire/models'
import { z } from 'zod'
import type { App, Backend } from '../../backend.ts'
import { found } from '../../http/errors.ts'
import { problems } from '../../http/problem.ts'
import {
  OperationHostPath,
  OperationPath,
  OperationWithMembers,
  OperationHostWithOutput,
  views,
} from '../views.ts'

const tags = ['operations']

/** A mistyped filter must not list everything. */
const Filter = z.strictObject({
  cluster: z.string().optional().describe('Only operations of this cluster.'),
  kind: z.enum(operationKindNames).optional(),
  status: z.enum(rolloutStatuses).optional(),
  limit: z.coerce
    .number()
    .pipe(z.int().min(1).max(1000))
    .default(100)
    .describe('The maximum number of operations.'),
})

/** Adds the endpoints. */
export function operations(app: App, backend: Backend): void {
  const { storage } = backend

  app.route({
    method: 'GET',
    url: '/operations',
    schema: {
      tags,
      summary: 'Lists operations, the latest first',
      querystring: Filter,
      response: { 200: z.array(views.Operation), ...problems() },
    },
    handler: async ({ query }) => {
      const chosen = (await storage.list(Operations)).filter((operation) => matchesFilter(operation, query))
      return chosen
        .sort(latestFirst)
        .slice(0, query.limit)
        .map((operation) => safeModel(Operation, operation))
    },
  })

  app.route({
    method: 'GET',
    url: '/operations/:id',
    schema: {
      tags,
      summary: 'Returns an operation with the state of each host',
      params: OperationPath,
      response: { 200: OperationWithMembers, ...problems(404) },
    },
    handler: async ({ params: { id } }) => {
      const operation = await operationAt(backend, id)
      const { requests } = operation
      return { ...safeModel(Operation, operation), requests, members: await membersOf(backend, id) }
    },
  })

  app.route({
    method: 'GET',
    url: '/operations/:id/hosts/:address',
    schema: {
      tags,
      summary: 'Returns a host of an operation with its journal and output',
      params: OperationHostPath,
      response: { 200: OperationHostWithOutput, ...problems(404) },
    },
    handler: async ({ params: { id, address } }) => {
      await operationAt(backend, id)
      const host = await operationHostAt(backend, { id, address })
      const output = await storage.find(OperationOutput, operationHostKey(id, address))
      return { ...safeModel(OperationHost, host), output: output?.lines ?? [], dropped: output?.dropped ?? 0 }
    },
  })
}

/** The operation of that id, or an error that says that there is none. */
export async function operationAt({ storage }: Backend, id: string): Promise<Operation> {
  return found(await storage.find(Operation, id), `operation "${id}"`)
}

/** A host of an operation, or an error that says that it is not in it. */
export async function operationHostAt(
  { storage }: Backend,
  { id, address }: { id: string; address: string },
): Promise<OperationHost> {
  const host = await storage.find(OperationHost, operationHostKey(id, address))
  return found(host, `host "${address}" in operation "${id}"`)
}

function matchesFilter(operation: Operation, { cluster, kind, status }: z.output<typeof Filter>): boolean {
  const wanted = [cluster ?? operation.cluster, kind ?? operation.kind, status ?? operation.status]
  return [operation.cluster, operation.kind, operation.status].every((value, at) => value === wanted[at])
}

function latestFirst(one: Operation, other: Operation): number {
  const [a, b] = [`${one.started_at} ${one.id}`, `${other.started_at} ${other.id}`]
  return a < b ? 1 : -1
}

/** In the order of their turns, without their journals: of ten thousand hosts those are too much at once. */
async function membersOf({ storage }: Backend, id: string): Promise<Record<string, unknown>[]> {
  const hosts = await storage.list(OperationHosts, { prefix: `${id}/` })
  return hosts.sort((one, other) => one.position - other.position).map(withoutJournal)
}

function withoutJournal(host: OperationHost): Record<string, unknown> {
  return Object.fromEntries(Object.entries(host).filter(([attribute]) => attribute !== 'journal'))
}
