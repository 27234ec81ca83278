/** The container manager service over the memory bus. */
import { until } from '@commissaire/testing'
import { ApiServerDouble } from '@commissaire/containermgr/testing'
import { ContainerManagerConfig, parseModel } from '@commissaire/models'
import { expect, test } from 'vitest'

import { ContainerManagerService } from '../src/index.ts'
import { TestSystem } from './system.ts'

const noWatcher = { watcher: false } as const

/** A service beside the system's, with a queue of its own, so that it hears all. */
const ownQueue = [
  { name: 'own', routingKey: 'own.*' },
  { name: 'own', routingKey: 'notify.storage.ContainerManagerConfig.*' },
]

async function withManager(
  system: TestSystem,
  options: Record<string, unknown> = {},
  type = 'trivial',
): Promise<void> {
  const config = parseModel(ContainerManagerConfig, { name: 'pods', type, options })
  await system.storage.save(ContainerManagerConfig, config)
}

test('a node is registered, seen and removed', async () => {
  await using system = await TestSystem.start(noWatcher)
  await withManager(system)
  const node = ['pods', '10.2.0.2']
  await expect(system.bus.request('container.node_registered', node)).rejects.toThrow(
    '(-20001) Node 10.2.0.2 is not registered',
  )
  expect(await system.bus.request('container.register_node', node)).toBeNull()
  expect(await system.bus.request('container.node_registered', node)).toBe(true)
  expect(await system.bus.request('container.get_node_status', node)).toEqual({
    node: '10.2.0.2',
    status: 'ok',
  })
  expect(await system.bus.request('container.remove_node', node)).toBeNull()
  await expect(system.bus.request('container.get_node_status', node)).rejects.toMatchObject({ code: -20001 })
})

test('arguments may be named', async () => {
  await using system = await TestSystem.start(noWatcher)
  await withManager(system)
  const node = { container_manager_name: 'pods', address: '10.2.0.2' }
  await system.bus.request('container.register_node', node)
  expect(await system.bus.request('container.node_registered', node)).toBe(true)
})

test("removing all nodes removes those of the manager's own clusters only", async () => {
  await using system = await TestSystem.start(noWatcher)
  await withManager(system)
  const [member, foreign] = [await system.host(), await system.host()]
  await system.cluster('web', [member], { container_manager: 'pods' })
  await system.cluster('db', [foreign])
  for (const { address } of [member, foreign])
    await system.bus.request('container.register_node', ['pods', address])
  await system.bus.request('container.remove_all_nodes', ['pods'])
  await expect(system.bus.request('container.node_registered', ['pods', member.address])).rejects.toThrow(
    /-20001/,
  )
  expect(await system.bus.request('container.node_registered', ['pods', foreign.address])).toBe(true)
})

test('a manager that nobody knows is a container manager error', async () => {
  await using system = await TestSystem.start(noWatcher)
  await expect(system.bus.request('container.register_node', ['nosuch', '10.2.0.2'])).rejects.toMatchObject({
    code: -20001,
    message: expect.stringMatching(/^\(-20001\) There is no container manager "nosuch"/),
  })
})

test('a changed configuration is followed, and a removed one forgotten', async () => {
  await using system = await TestSystem.start(noWatcher)
  await withManager(system)
  await system.bus.request('container.register_node', ['pods', '10.2.0.2'])
  await withManager(system, { server_url: 'http://127.0.0.1:59999' }, 'kubernetes')
  await expect(system.bus.request('container.node_registered', ['pods', '10.2.0.2'])).rejects.toThrow(
    /^\(-20001\) .*http:\/\/127\.0\.0\.1:59999.*nothing listens there/,
  )
  await system.storage.delete(ContainerManagerConfig, 'pods')
  await expect(system.bus.request('container.node_registered', ['pods', '10.2.0.2'])).rejects.toThrow(
    /There is no/,
  )
})

test('managers that were made before the service started are open, and a removed one is closed at once', async () => {
  await using server = await ApiServerDouble.start()
  await using system = await TestSystem.start(noWatcher)
  const heard: string[] = []
  const log = { ...system.shared.log, info: (_facts: object, sentence: string) => void heard.push(sentence) }
  await withManager(system, { server_url: server.url }, 'kubernetes')
  await system.run(new ContainerManagerService({ ...system.shared, log, queues: ownQueue }))
  await until(() => heard.includes('Container manager pods was opened') || undefined)
  await system.storage.delete(ContainerManagerConfig, 'pods')
  await until(() => heard.includes('Container manager pods was closed') || undefined)
})

test('a manager is opened again when it is announced that it changed', async () => {
  await using east = await ApiServerDouble.start()
  await using west = await ApiServerDouble.start()
  await using system = await TestSystem.start(noWatcher)
  const heard: string[] = []
  const say = (facts: object, sentence: string) => void heard.push(`${sentence} ${JSON.stringify(facts)}`)
  const log = { debug: say, info: say, warn: say, error: say }
  await system.run(new ContainerManagerService({ ...system.shared, log, queues: ownQueue }))
  await withManager(system, { server_url: east.url, token: 'pa55' }, 'kubernetes')
  await until(() => heard.some((line) => line.includes('pods was opened')) || undefined)
  heard.length = 0
  await withManager(system, { server_url: west.url, token: 'pa55' }, 'kubernetes')
  await until(() => heard.some((line) => line.includes('pods was opened')) || undefined)
  await system.bus.request('own.register_node', ['pods', '10.2.0.2'])
  expect([...west.nodes.keys()]).toEqual(['10.2.0.2'])
  expect(east.nodes.size).toBe(0)
  expect(heard.join()).not.toContain('pa55')
})

test('a manager that cannot be opened is told when it is announced', async () => {
  await using system = await TestSystem.start(noWatcher)
  const warned: object[] = []
  const log = { ...system.shared.log, warn: (facts: object) => void warned.push(facts) }
  await system.run(new ContainerManagerService({ ...system.shared, log, queues: ownQueue }))
  await withManager(system, { kubeconfig: '/nowhere/kubeconfig' }, 'kubernetes')
  await until(() => warned.length > 0 || undefined)
  expect(warned[0]).toMatchObject({ container_manager_name: 'pods' })
})

test('a manager whose files are missing says which, and is tried again', async () => {
  await using system = await TestSystem.start(noWatcher)
  await withManager(
    system,
    { server_url: 'https://127.0.0.1:1', certificate_ca_path: '/nowhere/ca.crt' },
    'openshift',
  )
  for (let i = 0; i < 2; i++) {
    await expect(system.bus.request('container.register_node', ['pods', '10.2.0.2'])).rejects.toThrow(
      /nowhere\/ca\.crt/,
    )
  }
})
