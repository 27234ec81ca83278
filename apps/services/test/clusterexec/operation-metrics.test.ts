/** What is counted of operations, and that the manual lists it. */
import { readFileSync } from 'node:fs'
import { untouched } from '@commissaire/rollout'
import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { OperationMetrics } from '../../src/clusterexec/operation-metrics.ts'

const operation = { kind: 'upgrade' } as Parameters<OperationMetrics['counterOf']>[0]

function counting() {
  const registry = new Registry()
  const metrics = new OperationMetrics(registry)
  return { registry, metrics, counter: metrics.counterOf(operation) }
}

const lines = async (registry: Registry) => (await registry.metrics()).split('\n')

test('operations are counted when they begin, pause and end', async () => {
  const { registry, metrics, counter } = counting()
  metrics.began('upgrade')
  counter.appended({ type: 'pausing', reason: 'x', at: 1 })
  counter.appended({ type: 'paused', at: 2 })
  counter.appended({ type: 'ended', status: 'cancelled', at: 3 })
  expect(await lines(registry)).toEqual(
    expect.arrayContaining([
      'commissaire_operations_begun_total{kind="upgrade"} 1',
      'commissaire_operations_paused_total{kind="upgrade"} 1',
      'commissaire_operations_ended_total{kind="upgrade",status="cancelled"} 1',
    ]),
  )
})

test('steps are timed, and hosts counted when they come to their end, with the step at which they failed', async () => {
  const { registry, counter } = counting()
  counter.appendedToHost('a', [{ type: 'step_began', step: 'act', at: 1000 }], {
    ...untouched,
    state: 'working',
  })
  counter.appendedToHost('a', [{ type: 'step_done', step: 'act', at: 4000 }], { ...untouched, state: 'done' })
  counter.appendedToHost('b', [{ type: 'step_began', step: 'reboot', at: 0 }], {
    ...untouched,
    state: 'working',
  })
  const failed = { ...untouched, state: 'failed', failedAt: 'reboot' } as const
  counter.appendedToHost('b', [{ type: 'step_failed', step: 'reboot', reason: 'x', at: 500 }], failed)
  expect(await lines(registry)).toEqual(
    expect.arrayContaining([
      'commissaire_operation_step_seconds_sum{kind="upgrade",step="act",outcome="done"} 3',
      'commissaire_operation_step_seconds_sum{kind="upgrade",step="reboot",outcome="failed"} 0.5',
      'commissaire_operation_hosts_total{kind="upgrade",outcome="done",step=""} 1',
      'commissaire_operation_hosts_total{kind="upgrade",outcome="failed",step="reboot"} 1',
    ]),
  )
})

test('a step that another process began is not timed', async () => {
  const { registry, counter } = counting()
  counter.appendedToHost('a', [{ type: 'step_done', step: 'act', at: 4000 }], {
    ...untouched,
    state: 'working',
  })
  expect(await registry.metrics()).not.toContain('step_seconds_sum')
})

test('the manual lists all of it, with its type and its labels', async () => {
  const manual = readFileSync(new URL('../../../../docs/reference/metrics.md', import.meta.url), 'utf8')
  const { registry, metrics, counter } = counting()
  metrics.began('upgrade')
  counter.appended({ type: 'paused', at: 2 })
  for (const { name, type } of await registry.getMetricsAsJSON())
    expect(manual).toContain(`| \`${name}\` | ${String(type)} |`)
})
