/** The number of hosts by status, counted when the metrics are read and cached in between. */
import type { Logger } from '@commissaire/bus'
import { type Host, hostStatuses, Hosts } from '@commissaire/models'
import type { StorageClient } from '@commissaire/storage'
import { Gauge, type Registry } from 'prom-client'

/** How long a count is reused, in milliseconds. */
const CACHE_TIME = 15_000

/** How long the storage may take, in milliseconds. Prometheus waits ten seconds by default. */
const STORAGE_TIMEOUT = 5_000

type Counts = ReadonlyMap<string, number>

/** What the metric is counted with. */
export interface HostMetricsDeps {
  readonly storage: StorageClient
  readonly log: Logger
}

/** Adds the metric to a registry. It has no samples while the storage does not answer, instead of outdated ones. */
export function registerHostMetrics(registry: Registry, { storage, log }: HostMetricsDeps): void {
  let counted: Promise<Counts> | undefined
  let countedAt = -Infinity
  const gauge = new Gauge({
    name: 'commissaire_hosts',
    help: 'Hosts by status',
    labelNames: ['status'],
    registers: [],
    async collect() {
      if (performance.now() - countedAt > CACHE_TIME) {
        countedAt = performance.now()
        counted = countHosts(storage).catch((error: unknown) => missingCounts(error, log))
      }
      const counts = (await counted) ?? []
      this.reset()
      for (const [status, hosts] of counts) this.set({ status }, hosts)
    },
  })
  registry.registerMetric(gauge)
}

async function countHosts(storage: StorageClient): Promise<Counts> {
  const { promise: timeout, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => reject(new Error(`the storage did not answer within ${STORAGE_TIMEOUT} ms`)),
    STORAGE_TIMEOUT,
  )
  try {
    return countsOf(await Promise.race([storage.list(Hosts), timeout]))
  } finally {
    clearTimeout(timer)
  }
}

/** At most one line per CACHE_TIME, since the failure is cached like a count. */
function missingCounts(error: unknown, log: Logger): Counts {
  const reason = error instanceof Error ? error.message : String(error)
  log.warn({ reason }, 'The hosts could not be counted; the metric commissaire_hosts has no samples')
  return new Map()
}

/** Includes the statuses that no host has, so that no time series disappears. */
function countsOf(hosts: readonly Host[]): Map<string, number> {
  const counts = new Map<string, number>(hostStatuses.map((status) => [nameOf(status), 0]))
  for (const { status } of hosts) counts.set(nameOf(status), (counts.get(nameOf(status)) ?? 0) + 1)
  return counts
}

/** A host that was just added has an empty status. */
const nameOf = (status: string) => status || 'unknown'
