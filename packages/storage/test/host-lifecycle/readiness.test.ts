/** Which status a ready host has, by every answer that a container manager can give. */
import assert from 'node:assert/strict'
import { BusError } from '@commissaire/bus'
import { Host, parseModel } from '@commissaire/models'
import { test } from 'vitest'

import { readyStanding } from '../../src/host-lifecycle/index.ts'
import { address, cluster, containers, open, pods } from './world.ts'

const absent = new BusError('ContainerManager', `(-20001) Node ${address} is not registered`)
const told = new BusError('ContainerManager', 'No such node', { data: { reason: 'not_registered' } })
const away = new BusError('ContainerManager', 'Node x: the platform did not answer', {
  data: { reason: 'timeout' },
})
const lost = 'not registered with container manager "pods"'
const unasked =
  'container manager "pods" could not be asked whether it has the host: Node x: the platform did not answer'

const standings: [
  what: string,
  given: { host?: Partial<Host>; answer: unknown },
  expected: [string, string],
][] = [
  ['is known there', { answer: true }, ['active', '']],
  ['is known to a peer that answers null', { answer: null }, ['active', '']],
  ['is known to nobody', { answer: false }, ['disassociated', lost]],
  ['is not registered, as our service says', { answer: told }, ['disassociated', lost]],
  ['is not registered, as a peer without data says', { answer: absent }, ['disassociated', lost]],
  [
    'was refused, as its reason says',
    { answer: told, host: { status: 'disassociated', status_reason: `${lost}: forbidden` } },
    ['disassociated', `${lost}: forbidden`],
  ],
  [
    'is not registered, and could not be asked for before',
    { answer: told, host: { status: 'disassociated', status_reason: unasked } },
    ['disassociated', lost],
  ],
  ['cannot be asked for', { answer: away, host: { status: 'failed' } }, ['disassociated', unasked]],
  ['cannot be asked for and is active', { answer: away, host: { status: 'active' } }, ['active', '']],
]

for (const [what, { host = {}, answer }, expected] of standings) {
  test(`a ready host that ${what} is ${expected[0]}`, async () => {
    await using service = await open()
    const { log, warnings } = await containers(service, answer)
    const given = parseModel(Host, { address, status: 'disassociated', ...host })
    const standing = await readyStanding({ requester: service.bus, log }, given, [pods])
    assert.deepEqual([standing.status, standing.status_reason], expected)
    assert.equal(warnings.length, answer === away ? 1 : 0)
  })
}

test('that a container manager does not answer is logged once for each reason', async () => {
  await using service = await open()
  const { log, warnings } = await containers(service, away)
  const host = parseModel(Host, { address, status: 'disassociated', status_reason: unasked })
  assert.equal((await readyStanding({ requester: service.bus, log }, host, [pods])).status_reason, unasked)
  assert.deepEqual(warnings, [])
})

test('no cluster makes a host disassociated, one without a container manager makes it active', async () => {
  await using service = await open()
  const context = { requester: service.bus, log: { warn() {} } }
  const host = parseModel(Host, { address, status: 'failed' })
  assert.equal((await readyStanding(context, host, [])).status, 'disassociated')
  assert.equal((await readyStanding(context, host, [cluster()])).status, 'active')
})

test('of several clusters one that has the host is enough, and no answer counts more than a no', async () => {
  await using service = await open()
  const { asked, log } = await containers(service, away)
  const host = parseModel(Host, { address, status: 'disassociated' })
  const context = { requester: service.bus, log }
  assert.equal((await readyStanding(context, host, [pods, cluster()])).status, 'active')
  assert.equal((await readyStanding(context, host, [pods])).status_reason, unasked)
  assert.equal(asked.length, 2)
})
