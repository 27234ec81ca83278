/** What a host is prepared for: the cluster's word, the configuration's, and what its container manager means. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FakeHostOptions, Reply } from '@commissaire/hosts/testing'
import { Cluster, ContainerManagerConfig, Host, Network, parseModel } from '@commissaire/models'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { InvestigatorService } from '../src/index.ts'
import { preparationFor, type PreparationSettings } from '../src/investigator/preparation.ts'
import { TestSystem } from './system.ts'

let system: TestSystem
beforeEach(async () => {
  system = await TestSystem.start({ watcher: false, investigator: false, clusterexec: false })
})
afterEach(() => system[Symbol.asyncDispose]())

const of = (changes: Partial<Cluster> | undefined, settings: PreparationSettings = {}) => {
  const cluster = changes && parseModel(Cluster, { name: 'web', ...changes })
  return preparationFor(cluster, { requester: system.bus, storage: system.storage, ...settings })
}

async function manager(type: ContainerManagerConfig['type']): Promise<string> {
  const options = type === 'trivial' ? {} : { server_url: 'https://10.0.0.9:6443' }
  await system.storage.save(
    ContainerManagerConfig,
    parseModel(ContainerManagerConfig, { name: type, type, options }),
  )
  return type
}

async function network(attributes: object): Promise<string> {
  await system.storage.save(Network, parseModel(Network, { name: 'blue', ...attributes }))
  return 'blue'
}

describe('the profile', () => {
  test.each([
    ['openshift', 'docker'],
    ['kubernetes', 'none'],
    ['trivial', 'none'],
  ] as const)('with %s as container manager is %s', async (type, profile) => {
    expect((await of({ container_manager: await manager(type) })).profile).toBe(profile)
  })

  test('without a container manager, or without a cluster, nothing is installed', async () => {
    expect((await of({})).profile).toBe('none')
    expect((await of(undefined)).profile).toBe('none')
    expect((await of({ container_manager: 'nosuch' })).profile).toBe('none')
  })

  test('of the configuration goes before the container manager’s, and the cluster’s before both', async () => {
    const container_manager = await manager('openshift')
    expect((await of({ container_manager }, { profile: 'containerd' })).profile).toBe('containerd')
    expect((await of(undefined, { profile: 'docker' })).profile).toBe('docker')
    expect((await of({ container_manager, bootstrap: 'none' }, { profile: 'docker' })).profile).toBe('none')
  })
})

describe('the network', () => {
  const docker = (name: string, settings: PreparationSettings = {}) =>
    of({ bootstrap: 'docker', network: name }, settings)
  const etcd = { endpoints: ['http://10.0.0.1:2379'] }

  test('that is always there has no flannel unless an etcd is known', async () => {
    expect((await docker('default')).network).toMatchObject({ kind: 'none' })
    expect((await docker('default', { etcd })).network).toEqual({
      kind: 'flannel_etcd',
      endpoints: ['http://10.0.0.1:2379'],
      prefix: '/atomic01/network',
      certificates: {},
    })
  })

  test('that somebody made on etcd cannot do without one', async () => {
    const blue = await network({ type: 'flannel_etcd' })
    expect((await docker(blue)).network).toMatchObject({
      kind: 'incomplete',
      why: expect.stringContaining('network "blue": no etcd is known') as string,
    })
  })

  test('has the last word about its endpoints and its key', async () => {
    const blue = await network({
      type: 'flannel_etcd',
      options: { endpoints: 'http://10.1.1.1:2379, http://10.1.1.2:2379', prefix: '/blue' },
    })
    expect((await docker(blue, { etcd })).network).toMatchObject({
      endpoints: ['http://10.1.1.1:2379', 'http://10.1.1.2:2379'],
      prefix: '/blue',
    })
  })

  test.each([
    { endpoints: ['10.1.1.1:2379'] },
    { endpoints: ['http://x"; reboot; "'] },
    { endpoints: ['http://10.1.1.1:2379'], prefix: '/a"b' },
  ])('with options that a configuration file could not hold is incomplete: %o', async (options) => {
    const blue = await network({ type: 'flannel_etcd', options })
    expect((await docker(blue)).network).toMatchObject({ kind: 'incomplete' })
  })

  test('with a server is told where that is', async () => {
    const blue = await network({ type: 'flannel_server', options: { address: '10.1.1.1:8888' } })
    expect((await docker(blue)).network).toMatchObject({ kind: 'flannel_server', address: '10.1.1.1:8888' })
  })

  test('that is not stored is incomplete', async () => {
    expect((await docker('nosuch')).network).toMatchObject({ kind: 'incomplete' })
  })

  test('on etcd with TLS comes with the certificates, or with the reason why they cannot be read', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'commissaire-certificates-'))
    const caPath = join(folder, 'ca.pem')
    writeFileSync(caPath, 'the ca\n')
    const secure = { endpoints: ['https://10.0.0.1:2379'], caPath }
    expect((await docker('default', { etcd: secure })).network).toMatchObject({
      certificates: { ca: 'the ca\n' },
    })
    rmSync(folder, { recursive: true })
    expect((await docker('default', { etcd: secure })).network).toMatchObject({
      kind: 'incomplete',
      why: expect.stringContaining('ENOENT') as string,
    })
  })
})

/** A host on which docker is there as soon as it was installed. */
function dockerless(): FakeHostOptions {
  let isInstalled = false
  return {
    respond: ({ command }): Reply | undefined => {
      if (command.includes('install docker.io')) isInstalled = true
      return /command -v dockerd/.test(command) && !isInstalled ? { code: 1 } : undefined
    },
  }
}

describe('by the investigator', () => {
  beforeEach(() => system.run(new InvestigatorService(system.shared)))

  test('a host gets what its cluster wants, and the plan before says so and changes nothing', async () => {
    const host = await system.host(dockerless())
    await system.register(host.address)
    await system.cluster('web', [host], { bootstrap: 'docker' })
    const before = await system.stored(host.address)
    const plan = () => system.bus.request('jobs.plan', { address: host.address })
    expect(await plan()).toMatchObject({
      address: host.address,
      cluster: 'web',
      profile: 'docker',
      steps: expect.arrayContaining([
        {
          name: 'docker is installed',
          state: 'would_do',
          action: 'installs docker.io',
          reason: 'dockerd is missing',
        },
      ]) as unknown,
    })
    expect(await system.stored(host.address)).toEqual(before)
    expect(host.commands.filter((command) => /install|systemctl (enable|restart)/.test(command))).toEqual([])
    await system.bus.request('jobs.investigate', [host.address])
    expect((await system.stored(host.address)).status).toBe('active')
    expect(JSON.stringify(await plan())).not.toContain('would_do')
  })

  test('a preparation that cannot go well fails the host, with the reason', async () => {
    const host = await system.host()
    await system.register(host.address)
    await system.cluster('web', [host], { bootstrap: 'docker', network: await network({}) })
    await expect(system.bus.request('jobs.investigate', [host.address])).rejects.toMatchObject({
      code: -32603,
    })
    expect(await system.stored(host.address)).toMatchObject({
      status: 'failed',
      status_reason: expect.stringContaining('network "blue": no etcd is known') as string,
    })
  })

  test('of a host that is away there is no plan, and the reason is told', async () => {
    const host = await system.host()
    await system.register(host.address)
    await host.goDown()
    await expect(system.bus.request('jobs.plan', { address: host.address })).rejects.toMatchObject({
      code: 405,
      message: expect.stringMatching(/No plan for .*refused/) as string,
    })
  })

  test('whether the host needs a reboot is kept with it', async () => {
    const host = await system.host()
    host.lines = ['flag./run/reboot-required=*** System restart required ***', 'flag.packages=libc6 ']
    await system.register(host.address)
    await system.bus.request('jobs.investigate', [host.address])
    expect((await system.storage.get(Host, host.address)).reboot).toMatchObject({
      needed: 'yes',
      reason: 'the system asks for it (libc6)',
      source: '/run/reboot-required',
      services: null,
    })
  })
})
