/** How many requests are worked on, and how many wait for their turn. */
import { Gauge, type Registry } from 'prom-client'
import type { Admission } from '../http/admission.ts'

/** Adds the metrics to a registry. */
export function registerLoadMetrics(registry: Registry, admission: Admission): void {
  const running: Gauge = new Gauge({
    name: 'commissaire_http_requests_running',
    help: 'Requests that are worked on',
    registers: [],
    collect: () => running.set(admission.running),
  })
  const waiting: Gauge = new Gauge({
    name: 'commissaire_http_requests_waiting',
    help: 'Requests that wait for their turn',
    registers: [],
    collect: () => waiting.set(admission.waiting),
  })
  for (const gauge of [running, waiting]) registry.registerMetric(gauge)
}
