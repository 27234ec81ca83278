import assert from 'node:assert/strict'
import { test } from 'vitest'
import {
  Host,
  hostPhase,
  type HostStatusName,
  hostStatuses,
  hostStatusOf,
  isAvailableHost,
  mayMove,
  parseModel,
} from '../src/index.ts'

test('a new host goes through investigation to a cluster', () => {
  const way: HostStatusName[] = ['', 'investigating', 'bootstrapping', 'disassociated', 'active']
  for (const [index, from] of way.slice(0, -1).entries()) {
    const to = way[index + 1]
    assert.ok(to !== undefined && mayMove(from, to), `${from} to ${to}`)
    if (from !== 'disassociated') assert.ok(!mayMove(from, 'active'), `${from} to active`)
  }
})

test('every host may fail, and be investigated again afterwards', () => {
  for (const status of hostStatuses) assert.ok(mayMove(status, 'failed'), status)
  assert.ok(mayMove('failed', 'investigating'))
})

test('no status leads back to none, and every one may stay', () => {
  for (const status of hostStatuses) {
    assert.ok(mayMove(status, status), status)
    if (status !== '') assert.ok(!mayMove(status, ''), status)
  }
})

test('facts that were not gathered yet may come as null and are empty', () => {
  assert.deepEqual(parseModel(Host, { address: 'a', facts: null }).facts, {})
})

test('addresses may be names, IPv4 and IPv6, and nothing that means something in a path', () => {
  for (const address of ['10.2.0.2', 'host-1.example.com', 'fd00::1', 'under_score']) {
    assert.equal(parseModel(Host, { address }).address, address)
  }
  for (const address of ['', 'a/b', 'a b', 'a\n', 'ä', '%2e', '*', '#']) {
    assert.throws(() => parseModel(Host, { address }), { code: 'invalid' }, address)
  }
})

test('a host’s status is how it was last seen, with what its container manager says', () => {
  const host = parseModel(Host, { address: 'a', status: 'active', last_check: '2026-11-24T00:07:08.154103' })
  assert.deepEqual(hostStatusOf(host), {
    type: 'host_only',
    host: { last_check: '2026-11-24T00:07:08.154103', status: 'active' },
    container_manager: {},
  })
  assert.deepEqual(hostStatusOf(host, { Ready: 'True' }).container_manager, { Ready: 'True' })
})

test('every status has a phase, and only a ready host is available', () => {
  const phases = Object.fromEntries(hostStatuses.map((status) => [status, hostPhase({ status })]))
  assert.deepEqual(phases, {
    '': 'investigation',
    investigating: 'investigation',
    bootstrapping: 'investigation',
    disassociated: 'ready',
    active: 'ready',
    failed: 'failed',
  })
  assert.deepEqual(
    hostStatuses.filter((status) => isAvailableHost({ status })),
    ['active'],
  )
})
