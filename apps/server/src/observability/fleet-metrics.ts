/** How many hosts are in which status, counted when somebody looks, but of a large fleet not at every look. */
import { type Host, hostStatuses, Hosts } from '@commissaire/models'
import type { StorageClient } from '@commissaire/storage'
import { Gauge, type Registry } from 'prom-client'

/** How long a count is good, in milliseconds. */
const KEEP = 15_000

/** How long the storage may take, in milliseconds. Prometheus itself waits ten seconds. */
const PATIENCE = 5_000

/** Adds the figure to a registry. While the storage does not answer it is not there: an old count would be a lie. */
export function countHosts(registry: Registry, storage: StorageClient): void {
  let counted: Promise<ReadonlyMap<string, number>> | undefined
  let countedAt = -Infinity
  const gauge = new Gauge({
    name: 'commissaire_hosts',
    help: 'Hosts by status',
    labelNames: ['status'],
    registers: [],
    async collect() {
      if (performance.now() - countedAt > KEEP) {
        countedAt = performance.now()
        counted = count(storage)
      }
      const counts = (await counted) ?? []
      this.reset()
      for (const [status, hosts] of counts) this.set({ status }, hosts)
    },
  })
  registry.registerMetric(gauge)
}

/** Empty where the storage does not answer in time. */
async function count(storage: StorageClient): Promise<ReadonlyMap<string, number>> {
  const { promise: late, resolve } = Promise.withResolvers<undefined>()
  const timer = setTimeout(() => resolve(undefined), PATIENCE)
  try {
    const hosts = await Promise.race([storage.list(Hosts), late])
    return hosts ? countsOf(hosts) : new Map<string, number>()
  } catch {
    return new Map()
  } finally {
    clearTimeout(timer)
  }
}

/** Also of the statuses that no host has, so that a figure does not come and go. */
function countsOf(hosts: readonly Host[]): Map<string, number> {
  const counts = new Map<string, number>(hostStatuses.map((status) => [nameOf(status), 0]))
  for (const { status } of hosts) counts.set(nameOf(status), (counts.get(nameOf(status)) ?? 0) + 1)
  return counts
}

/** A host that was only just added has none yet. */
const nameOf = (status: string) => status || 'unknown'
