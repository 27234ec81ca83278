/** All hosts: `/hosts`, as a whole or in pages, with filters. */
import { Cluster, Host, Hosts, hostStatuses, name, safeModel } from '@commissaire/models'
import { largestPage, type Page } from '@commissaire/storage'
import { z } from 'zod'
import type { App, Backend } from '../backend.ts'
import { found } from '../http/errors.ts'
import { keyOfMark, markOf, PageMark } from '../http/page-mark.ts'
import { problems } from '../http/problem.ts'
import { views } from './views.ts'

const shown = Object.keys(Host.schema.shape).filter((attribute) => !Host.hidden.includes(attribute))

/** What a page has when no fields are named: everything but the facts, which are many times as long as the rest. */
const lean = shown.filter((attribute) => attribute !== 'facts')

const Field = z.enum(shown)

const Filter = z.strictObject({
  limit: z.coerce
    .number()
    .pipe(z.int().min(1).max(largestPage))
    .optional()
    .describe('The maximum number of hosts; with any other parameter the default is 100.'),
  after: PageMark.optional().describe('The mark of the previous page, from its `Link` header.'),
  status: z
    .enum([...hostStatuses.filter((status) => status !== ''), 'unknown'])
    .optional()
    .describe('Only hosts with this status; `unknown` for hosts without one.'),
  cluster: name.optional().describe('Only hosts of this cluster.'),
  os: z.string().optional().describe('Only hosts with this operating system.'),
  reboot: z
    .enum(['yes', 'no', 'unknown', 'not_applicable'])
    .optional()
    .describe('Only hosts with this answer to the question whether they need a reboot.'),
  q: z
    .string()
    .max(100)
    .optional()
    .describe('Only hosts whose address, operating system or status reason contains this.'),
  fields: z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(Field))
    .optional()
    .describe('Only these attributes, separated by commas; by default all but `facts`.'),
})
type Filter = z.output<typeof Filter>

/** Adds the endpoint. */
export function hosts(app: App, backend: Backend): void {
  app.route({
    method: 'GET',
    url: '/hosts',
    schema: {
      tags: ['hosts'],
      summary: 'Lists all hosts, or pages of those that match',
      querystring: Filter,
      response: { 200: z.array(views.Host), ...problems(404) },
    },
    handler: async ({ query, url }, reply) => {
      if (Object.keys(query).length === 0)
        return (await backend.storage.list(Hosts)).map((host) => safeModel(Host, host))
      const { models, next } = await pageOf(query, backend)
      if (next !== null) reply.header('link', `<${nextUrl(url, next)}>; rel="next"`)
      return models.map((host) => only(safeModel(Host, host), query.fields ?? lean))
    },
  })
}

async function pageOf({ limit = 100, after, ...filter }: Filter, { storage }: Backend): Promise<Page<Host>> {
  const { cluster: of, q } = filter
  const cluster = of === undefined ? undefined : found(await storage.find(Cluster, of), `cluster "${of}"`)
  return storage.page(Hosts, {
    limit,
    ...(after !== undefined && { after: keyOfMark(after) }),
    equal: equalOf(filter),
    ...(q !== undefined && { search: { paths: ['address', 'os', 'status_reason'], text: q } }),
    ...(cluster && { keys: [...cluster.hostset] }),
  })
}

function equalOf({ status, os, reboot }: Omit<Filter, 'limit' | 'after'>): Record<string, string> {
  return {
    ...(status !== undefined && { status: status === 'unknown' ? '' : status }),
    ...(os !== undefined && { os }),
    ...(reboot !== undefined && { 'reboot.needed': reboot }),
  }
}

function only(host: Record<string, unknown>, fields: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(host).filter(([attribute]) => fields.includes(attribute)))
}

/** The same request for the next page. */
function nextUrl(url: string, key: string): string {
  const next = new URL(url, 'http://localhost')
  next.searchParams.set('after', markOf(key))
  return `${next.pathname}${next.search}`
}
