/** By what Kubernetes lets us in: every kind of credentials, against a double over HTTPS that checks them. */
import { makeAuthority } from '@commissaire/testing'
import { chmodSync, mkdirSync, rmSync } from 'node:fs'

import {
  type ContainerManagerConfig,
  parseModel,
  ContainerManagerConfig as definition,
} from '@commissaire/models'
import { afterAll, expect, test, vi } from 'vitest'

import { type ContainerManager, createContainerManager } from '../src/index.ts'
import { ApiServerDouble } from '../src/testing/index.ts'

const authority = makeAuthority()
const certificates = authority.files
afterAll(() => authority[Symbol.dispose]())
const tls = {
  cert: certificates.read('server.crt'),
  key: certificates.read('server.key'),
  ca: certificates.read('ca.crt'),
}
const certificate_ca_path = certificates.at('ca.crt')

function config(options: Record<string, unknown>): ContainerManagerConfig {
  return parseModel(definition, { name: 'prod', type: 'kubernetes', options })
}

async function register(manager: ContainerManager, address = '10.2.0.2'): Promise<void> {
  await manager.registerNode(address)
  await manager.close()
}

/** A kubeconfig of clusters and users that are named alike, each pair a context of that name. */
function kubeconfigOf(file: string, contexts: Record<string, { server: string; user: object }>): string {
  const names = Object.keys(contexts)
  const pairs = Object.entries(contexts)
  return certificates.write(
    file,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: pairs.map(([name, { server }]) => ({
        name,
        cluster: { server, 'certificate-authority': 'ca.crt' },
      })),
      users: pairs.map(([name, { user }]) => ({ name, user })),
      contexts: names.map((name) => ({ name, context: { cluster: name, user: name } })),
      'current-context': names[0],
    }),
  )
}

test('a token from a file lets in, also after it was renewed', async () => {
  await using server = await ApiServerDouble.start({ token: 'old', tls })
  const token_path = certificates.write('renewed-token', 'old')
  const manager = await createContainerManager(
    config({ server_url: server.url, token_path, certificate_ca_path }),
  )
  await manager.registerNode('10.2.0.2')
  server.token = 'new'
  certificates.write('renewed-token', 'new')
  await expect(manager.nodeRegistered('10.2.0.2')).rejects.toThrow(/401/)
  expect(await manager.nodeRegistered('10.2.0.2')).toBe(true)
  await manager.close()
})

test('credentials that cannot be read again after a refusal are named in its error', async () => {
  await using server = await ApiServerDouble.start({ token: 'old', tls })
  const token_path = certificates.write('lost-token', 'old')
  const manager = await createContainerManager(
    config({ server_url: server.url, token_path, certificate_ca_path }),
  )
  await manager.registerNode('10.2.0.2')
  server.token = 'new'
  rmSync(token_path)
  await expect(manager.nodeRegistered('10.2.0.2')).rejects.toThrow(/401.*could not be read again.*lost-token/)
  await manager.close()
})

test('a kubeconfig is used with its current context, or with the one that is named', async () => {
  await using east = await ApiServerDouble.start({ token: 'e', tls })
  await using west = await ApiServerDouble.start({ token: 'w', tls })
  const kubeconfig = kubeconfigOf('two-contexts', {
    east: { server: east.url, user: { token: 'e' } },
    west: { server: west.url, user: { token: 'w' } },
  })
  await register(await createContainerManager(config({ kubeconfig })), '10.2.0.2')
  await register(await createContainerManager(config({ kubeconfig, context: 'west' })), '10.2.0.3')
  expect([...east.nodes.keys()]).toEqual(['10.2.0.2'])
  expect([...west.nodes.keys()]).toEqual(['10.2.0.3'])
})

test('a context that the kubeconfig does not have is told, with those it has', async () => {
  const kubeconfig = kubeconfigOf('one-context', { east: { server: 'https://127.0.0.1:1', user: {} } })
  await expect(createContainerManager(config({ kubeconfig, context: 'west' }))).rejects.toThrow(
    /^\(-20001\) The kubeconfig .*one-context.* no context "west" in it; contexts: east/,
  )
})

test('in a pod, the service account lets in', async () => {
  await using server = await ApiServerDouble.start({ token: 'of the account', tls })
  const { hostname, port } = new URL(server.url)
  vi.stubEnv('KUBERNETES_SERVICE_HOST', hostname)
  vi.stubEnv('KUBERNETES_SERVICE_PORT', port)
  mkdirSync(certificates.at('account'))
  certificates.write('account/token', 'of the account')
  certificates.write('account/ca.crt', certificates.read('ca.crt'))
  const options = { in_cluster: true, service_account_path: certificates.at('account') }
  await register(await createContainerManager(config(options)))
  expect([...server.nodes.keys()]).toEqual(['10.2.0.2'])
  vi.unstubAllEnvs()
})

test('outside of a pod, a service account is told to be missing', async () => {
  vi.stubEnv('KUBERNETES_SERVICE_HOST', undefined)
  await expect(createContainerManager(config({ in_cluster: true }))).rejects.toThrow(
    /KUBERNETES_SERVICE_HOST is not set; is this running in a pod\?/,
  )
  vi.unstubAllEnvs()
})

test('issue-592-credentials-are-not-mixed-between-clusters-with-the-same-user-name', async () => {
  await using east = await ApiServerDouble.start({ token: 'token-east', tls })
  await using west = await ApiServerDouble.start({ token: 'token-west', tls })
  const managers = []
  for (const [name, server] of Object.entries({ east, west })) {
    const status = { token: `token-${name}` }
    const credential = { apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status }
    const command = certificates.write(`login-${name}`, `#!/bin/sh\necho '${JSON.stringify(credential)}'\n`)
    chmodSync(command, 0o755)
    const exec = { apiVersion: credential.apiVersion, command, interactiveMode: 'Never' }
    const kubeconfig = kubeconfigOf(`kubeconfig-${name}`, { admin: { server: server.url, user: { exec } } })
    managers.push(await createContainerManager(config({ kubeconfig })))
  }
  // One after the other and then at the same time: neither may show the other's token.
  for (const manager of managers) await manager.registerNode('10.2.0.2')
  await Promise.all(managers.map((manager) => manager.registerNode('10.2.0.3')))
  for (const server of [east, west]) expect([...server.nodes.keys()]).toEqual(['10.2.0.2', '10.2.0.3'])
  for (const manager of managers) await manager.close()
})

test('that a certificate is not verified is said in the log, and only then', async () => {
  const warned: string[] = []
  const log = { warn: (_facts: object, sentence: string) => void warned.push(sentence) }
  const server_url = 'https://127.0.0.1:1'
  await (await createContainerManager(config({ server_url }), { log })).close()
  expect(warned).toEqual([])
  await (await createContainerManager(config({ server_url, verify_tls: 'false' }), { log })).close()
  expect(warned).toEqual([expect.stringMatching(/"prod" is not verified/)])
})
