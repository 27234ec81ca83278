/** Whether each store can be read and written, asked when the metrics are read. */
import { Gauge, type Registry } from 'prom-client'
import type { StorageReadiness } from './readiness.ts'

/** Adds the metric to a registry. It has no samples while the storage service does not answer. */
export function registerStoreMetrics(registry: Registry, readiness: StorageReadiness): void {
  const gauge = new Gauge({
    name: 'commissaire_store_usable',
    help: 'Whether a store can be read and written: 1 or 0',
    labelNames: ['store'],
    registers: [],
    async collect() {
      const stores = await readiness.stores().catch(() => [])
      this.reset()
      for (const { store, usable } of stores) this.set({ store }, usable ? 1 : 0)
    },
  })
  registry.registerMetric(gauge)
}
