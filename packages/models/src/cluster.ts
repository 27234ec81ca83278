/**
 * A cluster: hosts that are operated on together. Its status and counts are computed from its hosts.
 */
import { z } from 'zod'
import { isAvailableHost } from './host/host-lifecycle.ts'
import type { Host, RebootAnswer } from './host/host.ts'
import { defineList, defineModel, type ModelOf } from './model/model.ts'
import { address, name } from './model/names.ts'

/** What hosts can be prepared for; `none` installs nothing. */
export const bootstrapProfiles = ['none', 'docker', 'containerd'] as const

/** One of these. */
export type BootstrapProfile = (typeof bootstrapProfiles)[number]

/** Hosts that are operated on together. */
export const Cluster = defineModel({
  name: 'Cluster',
  key: 'name',
  schema: z.object({
    name,
    status: z.string().default(''),
    network: z.string().default('default'),
    /** The addresses of its hosts. */
    hostset: z.array(address).default([]),
    container_manager: z.string().default(''),
    /** What its hosts are prepared for; empty leaves it to the investigator. */
    bootstrap: z.enum(['', ...bootstrapProfiles]).default(''),
  }),
  hidden: ['hostset'],
  original: ['name', 'status', 'network', 'hostset', 'container_manager'],
})
export type Cluster = ModelOf<typeof Cluster>

/** All clusters. */
export const Clusters = defineList('Clusters', Cluster)

/** How many hosts a cluster has; those that are active are available. */
export interface HostCounts {
  readonly total: number
  readonly available: number
  readonly unavailable: number
}

/** How a cluster is. */
export type ClusterStatusName = 'ok' | 'degraded' | 'failed'

/** Counts a cluster's hosts. A member that is not among `hosts`, because nothing is stored of it, is unavailable. */
export function countHosts(cluster: Cluster, hosts: Iterable<Host>): HostCounts {
  const members = new Set(cluster.hostset)
  const available = [...hosts].filter((host) => members.has(host.address) && isAvailableHost(host)).length
  return { total: members.size, available, unavailable: members.size - available }
}

/** Says how a cluster is: ok without hosts or with all of them active, failed with none active, else degraded. */
export function clusterStatus({ total, available }: HostCounts): ClusterStatusName {
  if (available === total) return 'ok'
  return available === 0 ? 'failed' : 'degraded'
}

/** How many of a cluster's hosts give which answer about a reboot. Members of which nothing is stored are not counted. */
export type RebootCounts = Readonly<Record<RebootAnswer, number>>

/** Counts what a cluster's hosts say about a reboot. */
export function countReboots(cluster: Cluster, hosts: Iterable<Host>): RebootCounts {
  const members = new Set(cluster.hostset)
  const counts: Record<RebootAnswer, number> = { yes: 0, no: 0, unknown: 0, not_applicable: 0 }
  for (const { address, reboot } of hosts) if (members.has(address)) counts[reboot.needed] += 1
  return counts
}

/** A cluster as people see it. */
export type ClusterWithHosts = Cluster & {
  readonly status: ClusterStatusName
  readonly hosts: HostCounts
  readonly reboot_needed: RebootCounts
}

/** The cluster with its status and its counts as they are now. */
export function withHosts(cluster: Cluster, hosts: Iterable<Host>): ClusterWithHosts {
  const all = [...hosts]
  const counts = countHosts(cluster, all)
  const reboot_needed = countReboots(cluster, all)
  return { ...cluster, status: clusterStatus(counts), hosts: counts, reboot_needed }
}
