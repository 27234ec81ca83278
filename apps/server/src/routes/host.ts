/** One host: `/host/{address}` with its credentials, status and plan, and `/host`, where a host registers itself. */
import {
  address,
  Cluster,
  Clusters,
  Host,
  HostCreds,
  HostStatus,
  hostStatusOf,
  safeModel,
} from '@commissaire/models'
import { z } from 'zod'
import type { App, Backend } from '../backend.ts'
import { busErrorName, found } from '../http/errors.ts'
import { HostKeys } from '../hosts/host-keys.ts'
import { registerHost, removeHost } from '../hosts/host-registration.ts'
import { problems } from '../http/problem.ts'
import { AddressPath, HostPlan, Nothing, views } from './views.ts'

const Registration = z.object({
  ssh_priv_key: z
    .string()
    .min(1, { error: 'must not be empty' })
    .describe('The private key file, in base64.'),
  remote_user: z.string().nullish().describe('The user to log in as; default `root`.'),
  cluster: z.string().nullish().describe('The cluster to add the host to.'),
  host_keys: HostKeys.nullish().describe('Its public host keys; the best of them is pinned.'),
})

const SelfRegistration = Registration.extend({
  address: address.nullish().describe('The address of the host; default: the address of the caller.'),
})

const tags = ['hosts']

/** In milliseconds. Every step of a plan asks the host. */
const PLAN_TIMEOUT = 120_000

/** Adds the endpoints. */
export function host(app: App, backend: Backend): void {
  for (const add of [getHost, putHost, putHostByCaller, deleteHost, getHostCreds, getHostStatus, getHostPlan])
    add(app, backend)
}

function getHost(app: App, backend: Backend): void {
  app.route({
    method: 'GET',
    url: '/host/:address',
    schema: {
      tags,
      summary: 'Returns a host',
      params: AddressPath,
      response: { 200: views.Host, ...problems(404) },
    },
    handler: async ({ params }) => safeModel(Host, await hostAt(backend, params.address)),
  })
}

function putHost(app: App, backend: Backend): void {
  app.route({
    method: 'PUT',
    url: '/host/:address',
    schema: {
      tags,
      summary: 'Adds a host and starts its investigation',
      params: AddressPath,
      body: Registration,
      response: { 201: views.Host, ...problems(409) },
    },
    handler: async ({ params, body }, reply) => {
      reply.code(201)
      return safeModel(Host, await registerHost(backend, { ...body, address: params.address }))
    },
  })
}

function putHostByCaller(app: App, backend: Backend): void {
  app.route({
    method: 'PUT',
    url: '/host',
    schema: {
      tags,
      summary: 'Adds a host with the address of the caller, or the address in the body',
      body: SelfRegistration,
      response: { 201: views.Host, ...problems(409) },
    },
    handler: async ({ body, ip }, reply) => {
      reply.code(201)
      return safeModel(
        Host,
        await registerHost(backend, { ...body, address: body.address ?? withoutIpv4Prefix(ip) }),
      )
    },
  })
}

function deleteHost(app: App, backend: Backend): void {
  app.route({
    method: 'DELETE',
    url: '/host/:address',
    schema: {
      tags,
      summary: 'Deletes a host, its credentials, its membership in clusters, and its node',
      params: AddressPath,
      response: { 200: Nothing, ...problems(404) },
    },
    handler: async ({ params }) => {
      await removeHost(backend, params.address)
      return [] as []
    },
  })
}

function getHostCreds(app: App, { storage }: Backend): void {
  app.route({
    method: 'GET',
    url: '/host/:address/creds',
    schema: {
      tags,
      summary: 'Returns the credentials of a host',
      params: AddressPath,
      response: { 200: views.HostCreds, ...problems(404) },
    },
    handler: async ({ params: { address } }) =>
      safeModel(HostCreds, found(await storage.find(HostCreds, address), `host "${address}"`)),
  })
}

function getHostStatus(app: App, backend: Backend): void {
  app.route({
    method: 'GET',
    url: '/host/:address/status',
    schema: {
      tags,
      summary: 'Returns the status of a host, also in its container manager',
      params: AddressPath,
      response: { 200: views.HostStatus, ...problems(404) },
    },
    handler: async ({ params }) => {
      const host = await hostAt(backend, params.address)
      return safeModel(HostStatus, hostStatusOf(host, await nodeStatus(backend, params.address)))
    },
  })
}

function getHostPlan(app: App, backend: Backend): void {
  app.route({
    method: 'GET',
    url: '/host/:address/plan',
    schema: {
      tags,
      summary: 'Returns the plan of the bootstrap of a host; changes nothing',
      params: AddressPath,
      response: { 200: HostPlan, ...problems(404, 405) },
    },
    handler: async ({ params }) => {
      const { address } = await hostAt(backend, params.address)
      return backend.bus.request<Record<string, unknown>>('jobs.plan', { address }, { timeout: PLAN_TIMEOUT })
    },
  })
}

async function hostAt({ storage }: Backend, address: string): Promise<Host> {
  return found(await storage.find(Host, address), `host "${address}"`)
}

/** Returns the status of the host's node; empty when the host has no container manager or that one has no status. */
async function nodeStatus({ storage, bus, log }: Backend, address: string): Promise<Record<string, unknown>> {
  const manager = (await storage.list(Clusters)).find(hasHost(address))?.container_manager
  if (!manager) return {}
  try {
    return await bus.request<Record<string, unknown>>('container.get_node_status', [manager, address])
  } catch (error) {
    if (busErrorName(error) !== 'ContainerManager') throw error
    log.info(
      { address, manager, reason: String(error) },
      'The container manager returned no status of a host',
    )
    return {}
  }
}

const hasHost = (address: string) => (cluster: Cluster) => cluster.hostset.includes(address)

/** A socket that also listens on IPv6 reports IPv4 callers as `::ffff:` addresses. */
function withoutIpv4Prefix(ip: string): string {
  return ip.replace(/^::ffff:(?=\d+\.)/i, '')
}
