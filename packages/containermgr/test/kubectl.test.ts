/** The double is no toy: a real kubectl works with it. */
import { makeAuthority } from '@commissaire/testing'
import { afterAll, describe, expect, test } from 'vitest'

import { ApiServerDouble } from '../src/testing/index.ts'
import { kubectl, whyNoKubectl } from './kubectl.ts'

const missing = whyNoKubectl()
const authority = makeAuthority()
const certificates = authority.files
afterAll(() => authority[Symbol.dispose]())
const tls = {
  cert: certificates.read('server.crt'),
  key: certificates.read('server.key'),
  ca: certificates.read('ca.crt'),
}

async function start(): Promise<ApiServerDouble> {
  const server = await ApiServerDouble.start({ token: 'sesame', tls })
  server.cluster.addNode('n1')
  server.cluster.addNode('n2')
  server.cluster.addPod('web-1', { node: 'n1', labels: { app: 'web' } })
  return server
}

describe.skipIf(missing)('kubectl and the double', { timeout: 60_000 }, () => {
  test('nodes and pods are listed', async () => {
    await using server = await start()
    const nodes = await kubectl(server, certificates, ['get', 'nodes', '-o', 'name'])
    expect(nodes).toMatchObject({ status: 0, stdout: 'node/n1\nnode/n2\n' })
    const { stdout } = await kubectl(server, certificates, ['get', 'nodes'])
    expect(stdout).toMatch(/^NAME +AGE\nn1 +\d+s\nn2 +\d+s\n$/)
    const pods = await kubectl(server, certificates, ['get', 'po', '-A', '-l', 'app=web', '-o', 'name'])
    expect(pods).toMatchObject({ status: 0, stdout: 'pod/web-1\n' })
  })

  test('a node is cordoned and uncordoned', async () => {
    await using server = await start()
    expect(await kubectl(server, certificates, ['cordon', 'n1'])).toMatchObject({
      status: 0,
      stdout: 'node/n1 cordoned\n',
    })
    expect(server.nodes.get('n1')?.spec).toEqual({ unschedulable: true })
    const again = await kubectl(server, certificates, ['cordon', 'n1'])
    expect(again.stdout).toBe('node/n1 already cordoned\n')
    await kubectl(server, certificates, ['uncordon', 'n1'])
    expect(server.nodes.get('n1')?.spec).toEqual({})
  })

  test('a dry run of a drain changes nothing', async () => {
    await using server = await start()
    const { status, stdout } = await kubectl(server, certificates, ['drain', 'n1', '--dry-run=client'])
    expect(status).toBe(0)
    expect(stdout).toContain('evicting pod default/web-1 (dry run)')
    expect(server.calls.filter(({ method }) => method !== 'GET')).toEqual([])
  })

  test('a node is drained', async () => {
    await using server = await start()
    const { status, stdout } = await kubectl(server, certificates, ['drain', 'n1'])
    expect(status).toBe(0)
    expect(stdout).toContain('pod/web-1 evicted')
    expect(server.cluster.list('pods')).toEqual([])
  })

  test('a budget without room is told as by a real server', async () => {
    await using server = await start()
    server.cluster.addBudget('web', { matchLabels: { app: 'web' }, disruptionsAllowed: 0 })
    const { status, stderr } = await kubectl(server, certificates, ['drain', 'n1', '--timeout=1s'])
    expect(status).toBe(1)
    expect(stderr).toContain("Cannot evict pod as it would violate the pod's disruption budget.")
    expect(stderr).toContain('global timeout reached: 1s')
  })

  test('a node is deleted', async () => {
    await using server = await start()
    expect((await kubectl(server, certificates, ['delete', 'node', 'n2'])).status).toBe(0)
    expect([...server.nodes.keys()]).toEqual(['n1'])
  })

  test('changes are watched', async () => {
    await using server = await start()
    const watching = kubectl(server, certificates, [
      'get',
      'nodes',
      '-w',
      '-o',
      'name',
      '--request-timeout=3s',
    ])
    await expect
      .poll(() => server.calls.some(({ query }) => query.has('watch')), { timeout: 20_000 })
      .toBe(true)
    server.cluster.addNode('n3')
    expect((await watching).stdout).toMatch(/node\/n3/)
  })

  test('a wrong token is refused', async () => {
    await using server = await start()
    const { token } = server
    server.token = 'other'
    const listing = kubectl(server, certificates, ['get', 'nodes'])
    expect(token).not.toBe(server.token)
    server.token = 'changed meanwhile'
    expect((await listing).stderr).toMatch(/must be logged in|Unauthorized/)
  })
})
