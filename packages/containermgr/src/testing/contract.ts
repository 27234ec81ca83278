/**
 * The contract suite of container managers, as data: named checks on `node:assert` alone.
 *
 * Run each check with a manager that knows no node yet:
 * `for (const [name, check] of Object.entries(containerManagerContract)) test(name, () => check(make))`
 */
import assert from 'node:assert/strict'

import type { ContainerManager } from '../manager.ts'

/** Opens a manager that knows no node. The check closes it. */
export type MakeContainerManager = () => Promise<ContainerManager>

/** One promise, kept or broken. */
export type ContainerManagerCheck = (make: MakeContainerManager) => Promise<void>

/** The promises of a container manager. */
export const containerManagerContract: Readonly<Record<string, ContainerManagerCheck>> = {
  'a host is not registered until it is': using(async (manager) => {
    assert.equal(await manager.nodeRegistered('10.2.0.2'), false)
    await manager.registerNode('10.2.0.2')
    assert.equal(await manager.nodeRegistered('10.2.0.2'), true)
  }),

  'registering a host twice is as good as once': using(async (manager) => {
    await manager.registerNode('10.2.0.2')
    await manager.registerNode('10.2.0.2')
    await manager.removeNode('10.2.0.2')
    assert.equal(await manager.nodeRegistered('10.2.0.2'), false)
  }),

  'removing a host that is not there is fine': using(async (manager) => {
    await manager.removeNode('10.2.0.2')
    await manager.removeAllNodes(['10.2.0.2'])
  }),

  'removing all nodes removes the named ones and leaves the others': using(async (manager) => {
    for (const address of ['10.2.0.2', '10.2.0.3', '10.2.0.4']) await manager.registerNode(address)
    await manager.removeAllNodes(['10.2.0.2', '10.2.0.4'])
    assert.equal(await manager.nodeRegistered('10.2.0.2'), false)
    assert.equal(await manager.nodeRegistered('10.2.0.3'), true)
    assert.equal(await manager.nodeRegistered('10.2.0.4'), false)
  }),

  'removing all of no nodes removes none': using(async (manager) => {
    await manager.registerNode('10.2.0.2')
    await manager.removeAllNodes([])
    assert.equal(await manager.nodeRegistered('10.2.0.2'), true)
  }),

  'a node has a status that is plain JSON': using(async (manager) => {
    await manager.registerNode('10.2.0.2')
    const status = await manager.getNodeStatus('10.2.0.2')
    assert.deepEqual(JSON.parse(JSON.stringify(status)), status)
  }),

  'the status of an unknown node is a container manager error': using(async (manager) => {
    await assert.rejects(manager.getNodeStatus('10.2.0.9'), (error: Error & { code?: number }) => {
      assert.equal(error.code, -20001)
      assert.match(error.message, /^\(-20001\) .*10\.2\.0\.9/)
      return true
    })
  }),

  'addresses may be names and IPv6': using(async (manager) => {
    for (const address of ['Node-1.example.com', '2001:db8::7', '::1']) {
      await manager.registerNode(address)
      assert.equal(await manager.nodeRegistered(address), true)
      await manager.removeNode(address)
      assert.equal(await manager.nodeRegistered(address), false)
    }
  }),

  'it can be closed twice': async (make) => {
    const manager = await make()
    await manager.close()
    await manager.close()
  },
}

function using(check: (manager: ContainerManager) => Promise<void>): ContainerManagerCheck {
  return async (make) => {
    const manager = await make()
    try {
      await check(manager)
    } finally {
      await manager.close()
    }
  }
}
