/** Kubernetes as a container manager, against a double of an API server over real HTTP and HTTPS. */
import { makeAuthority } from '@commissaire/testing'
import {
  type ContainerManagerConfig,
  parseModel,
  ContainerManagerConfig as definition,
} from '@commissaire/models'
import { afterAll, expect, test } from 'vitest'

import { createContainerManager } from '../src/index.ts'
import { ApiServerDouble, containerManagerContract } from '../src/testing/index.ts'

const authority = makeAuthority()
const certificates = authority.files
afterAll(() => authority[Symbol.dispose]())
const tls = {
  cert: certificates.read('server.crt'),
  key: certificates.read('server.key'),
  ca: certificates.read('ca.crt'),
}
const certificate_ca_path = certificates.at('ca.crt')

function config(options: Record<string, unknown>, type = 'kubernetes'): ContainerManagerConfig {
  return parseModel(definition, { name: 'prod', type, options })
}

for (const type of ['kubernetes', 'openshift']) {
  for (const [name, check] of Object.entries(containerManagerContract)) {
    test(`${type}: ${name}`, async () => {
      await using server = await ApiServerDouble.start({ token: 'sesame', tls })
      const make = () =>
        createContainerManager(config({ server_url: server.url, token: 'sesame', certificate_ca_path }, type))
      await check(make)
    })
  }
}

test('registering creates a Node object named by the address', async () => {
  await using server = await ApiServerDouble.start()
  const manager = await createContainerManager(config({ server_url: server.url }))
  await manager.registerNode('10.2.0.2')
  expect(server.nodes.get('10.2.0.2')).toMatchObject({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: '10.2.0.2' },
  })
  expect(server.requests).toEqual(['POST /api/v1/nodes?fieldManager=commissaire'])
  await manager.close()
})

test('the status of a node is its Node object', async () => {
  await using server = await ApiServerDouble.start()
  const manager = await createContainerManager(config({ server_url: `${server.url}/` }))
  await manager.registerNode('10.2.0.2')
  expect(await manager.getNodeStatus('10.2.0.2')).toMatchObject({
    kind: 'Node',
    metadata: { name: '10.2.0.2' },
    status: { conditions: [] },
  })
  await manager.close()
})

test('a client certificate lets in', async () => {
  await using server = await ApiServerDouble.start({ tls })
  const certificate_path = certificates.at('client.crt')
  const certificate_key_path = certificates.at('client.key')
  const manager = await createContainerManager(
    config({ server_url: server.url, certificate_path, certificate_key_path, certificate_ca_path }),
  )
  await manager.registerNode('10.2.0.2')
  expect([...server.nodes.keys()]).toEqual(['10.2.0.2'])
  await manager.close()
})

test('a kubeconfig is all that is needed', async () => {
  await using server = await ApiServerDouble.start({ token: 'sesame', tls })
  const kubeconfig = certificates.write(
    'kubeconfig',
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'c', cluster: { server: server.url, 'certificate-authority': 'ca.crt' } }],
      users: [{ name: 'u', user: { token: 'sesame' } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    }),
  )
  const manager = await createContainerManager(config({ kubeconfig }))
  await manager.registerNode('10.2.0.2')
  expect([...server.nodes.keys()]).toEqual(['10.2.0.2'])
  await manager.close()
})

test('a server whose certificate nobody vouches for gets neither node nor token', async () => {
  await using server = await ApiServerDouble.start({ token: 'sesame', tls })
  const manager = await createContainerManager(config({ server_url: server.url, token: 'sesame' }))
  await expect(manager.registerNode('10.2.0.2')).rejects.toMatchObject({
    code: -20001,
    message: expect.stringMatching(/not trusted.*certificate_ca_path/),
  })
  expect(server.requests).toEqual([])
  await manager.close()
})

test('verification can be turned off by saying so', async () => {
  await using server = await ApiServerDouble.start({ token: 'sesame', tls })
  const manager = await createContainerManager(
    config({ server_url: server.url, token: 'sesame', verify_tls: false }),
  )
  expect(await manager.nodeRegistered('10.2.0.2')).toBe(false)
  await manager.close()
})

test('many calls share a connection', async () => {
  await using server = await ApiServerDouble.start({ token: 'sesame', tls })
  const manager = await createContainerManager(
    config({ server_url: server.url, token: 'sesame', certificate_ca_path }),
  )
  for (let i = 0; i < 20; i++) await manager.nodeRegistered(`10.2.0.${i}`)
  expect(server.connections).toBeLessThan(4)
  await manager.close()
})

test('a wrong token is told, and another try asks again', async () => {
  await using server = await ApiServerDouble.start({ token: 'sesame', tls })
  const manager = await createContainerManager(
    config({ server_url: server.url, token: 'wrong', certificate_ca_path }),
  )
  for (let i = 0; i < 2; i++) {
    await expect(manager.nodeRegistered('10.2.0.2')).rejects.toThrow(/^\(-20001\) .*"prod".*401.*token/)
  }
  expect(server.requests).toHaveLength(2)
  await manager.close()
})

test('what the server says is passed on', async () => {
  await using server = await ApiServerDouble.start()
  const manager = await createContainerManager(config({ server_url: server.url }))
  await expect(manager.registerNode('bad_name')).rejects.toMatchObject({
    message: expect.stringMatching(/422 .*Invalid value/),
    data: { status: 422 },
  })
  server.failWith = 403
  await expect(manager.removeNode('10.2.0.2')).rejects.toThrow(/403.*needs get, create and delete/)
  await manager.close()
})

test('a server that is not there is told apart', async () => {
  const server = await ApiServerDouble.start()
  const { url } = server
  await server[Symbol.asyncDispose]()
  const manager = await createContainerManager(config({ server_url: url }))
  await expect(manager.getNodeStatus('10.2.0.2')).rejects.toThrow(/^\(-20001\) .*nothing listens there/)
  await manager.close()
})

test('a caller can stop waiting for a server that says nothing', async () => {
  await using server = await ApiServerDouble.start()
  server.silent = true
  const manager = await createContainerManager(config({ server_url: server.url }))
  const controller = new AbortController()
  const answer = manager.nodeRegistered('10.2.0.2', { signal: controller.signal })
  await expect.poll(() => server.requests.length).toBe(1)
  controller.abort()
  await expect(answer).rejects.toThrow(/the caller gave up/)
  await manager.close()
})

test('a certificate file that is missing is told when the manager is opened', async () => {
  const opening = createContainerManager(
    config({ server_url: 'https://127.0.0.1:1', certificate_ca_path: '/nowhere/ca.crt' }),
  )
  await expect(opening).rejects.toThrow(
    /^\(-20001\) The credentials of container manager "prod" cannot be used: .*\/nowhere\/ca\.crt/,
  )
})

test('every wrong option is listed', async () => {
  const options = { certificate_path: 'x', server_url: 'http://127.0.0.1:1' }
  const opening = createContainerManager({ name: 'prod', type: 'kubernetes', options })
  await expect(opening).rejects.toThrow(
    /^\(-20001\) Container manager "prod" is configured wrongly: .*certificate_key_path.*server_url/,
  )
})
