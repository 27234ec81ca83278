/** Operations and their progress: `/operations`, one operation, and one host of an operation. */
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

/** Strict, so that a mistyped filter does not list everything. */
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
  for (const add of [listOperations, getOperation, getOperationHost]) add(app, backend)
}

function listOperations(app: App, { storage }: Backend): void {
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
}

function getOperation(app: App, backend: Backend): void {
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
}

function getOperationHost(app: App, backend: Backend): void {
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
      const output = await backend.storage.find(OperationOutput, operationHostKey(id, address))
      return { ...safeModel(OperationHost, host), output: output?.lines ?? [], dropped: output?.dropped ?? 0 }
    },
  })
}

/** Returns the operation with this id, or throws NotFound. */
export async function operationAt({ storage }: Backend, id: string): Promise<Operation> {
  return found(await storage.find(Operation, id), `operation "${id}"`)
}

/** Returns a host of an operation, or throws NotFound. */
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

/** Returns the hosts in order of their position, without the journals, which would be too large for 10 000 hosts. */
async function membersOf({ storage }: Backend, id: string): Promise<Record<string, unknown>[]> {
  const hosts = await storage.list(OperationHosts, { prefix: `${id}/` })
  return hosts.sort((one, other) => one.position - other.position).map(withoutJournal)
}

function withoutJournal(host: OperationHost): Record<string, unknown> {
  return Object.fromEntries(Object.entries(host).filter(([attribute]) => attribute !== 'journal'))
}
