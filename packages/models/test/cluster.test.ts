import assert from 'node:assert/strict'
import { test } from 'vitest'
import {
  Cluster,
  clusterStatus,
  Host,
  type HostStatusName,
  isOver,
  parseModel,
  withHosts,
} from '../src/index.ts'

function clusterOf(...statuses: HostStatusName[]) {
  const hosts = statuses.map((status, index) => parseModel(Host, { address: `host-${index}`, status }))
  const cluster = parseModel(Cluster, { name: 'honeynut', hostset: hosts.map(({ address }) => address) })
  return { cluster, hosts }
}

test('a cluster is ok without hosts or with all active, degraded with some, failed with none', () => {
  const cases: [statuses: HostStatusName[], status: string][] = [
    [[], 'ok'],
    [['active'], 'ok'],
    [['active', 'active'], 'ok'],
    [['active', 'failed'], 'degraded'],
    [['disassociated', 'active'], 'degraded'],
    [['failed'], 'failed'],
    [['disassociated', 'investigating'], 'failed'],
  ]
  for (const [statuses, expected] of cases) {
    const { cluster, hosts } = clusterOf(...statuses)
    assert.equal(withHosts(cluster, hosts).status, expected, statuses.join())
  }
})

test('only the cluster’s own hosts count, and a member of which nothing is known is unavailable', () => {
  const { cluster, hosts } = clusterOf('active', 'failed')
  const stranger = parseModel(Host, { address: 'stranger', status: 'active' })
  const { hosts: counts } = withHosts({ ...cluster, hostset: [...cluster.hostset, 'gone'] }, [
    ...hosts,
    stranger,
  ])
  assert.deepEqual(counts, { total: 3, available: 1, unavailable: 2 })
})

test('a cluster with its counts has them after its other attributes', () => {
  const { cluster, hosts } = clusterOf('active')
  assert.deepEqual(Object.keys(withHosts(cluster, hosts)), [
    ...Object.keys(cluster),
    'hosts',
    'reboot_needed',
  ])
  assert.equal(clusterStatus({ total: 0, available: 0, unavailable: 0 }), 'ok')
})

test('a cluster tells how many of its hosts need a reboot, and of how many nobody knows', () => {
  const { cluster, hosts } = clusterOf('active', 'active', 'failed')
  const [first, second, third] = hosts
  assert.ok(first && second && third)
  first.reboot.needed = 'yes'
  second.reboot.needed = 'no'
  const stranger = parseModel(Host, { address: 'stranger', reboot: { needed: 'yes' } })
  assert.deepEqual(withHosts(cluster, [...hosts, stranger]).reboot_needed, {
    yes: 1,
    no: 1,
    unknown: 1,
    not_applicable: 0,
  })
})

test('an operation is over when it neither goes on nor can be made to go on', () => {
  const statuses = ['', 'in_process', 'paused', 'finished', 'failed', 'cancelled'] as const
  assert.deepEqual(statuses.filter(isOver), ['finished', 'failed', 'cancelled'])
})
