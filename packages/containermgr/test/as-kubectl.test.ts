/**
 * The drain and a real kubectl side by side: the same cluster, the same options, and then the same calls.
 *
 * Versions of kubectl differ in what we leave out of the comparison: discovery, looking at the node, how many pods a
 * page has, the version of an eviction, and how often they look whether a pod is gone.
 */
import { makeAuthority } from '@commissaire/testing'
import { KubeConfig } from '@kubernetes/client-node'
import { afterAll, describe, expect, test } from 'vitest'

import { DrainError, type DrainOptions, NodeOperations } from '../src/drain/index.ts'
import { ApiServerDouble, type Call, type ClusterDouble } from '../src/testing/index.ts'
import { kubeconfigFor, kubectl, whyNoKubectl } from './kubectl.ts'

const missing = whyNoKubectl()
const authority = makeAuthority()
const certificates = authority.files
afterAll(() => authority[Symbol.dispose]())
const tls = {
  cert: certificates.read('server.crt'),
  key: certificates.read('server.key'),
  ca: certificates.read('ca.crt'),
}

interface Scenario {
  readonly build: (cluster: ClusterDouble) => void
  readonly options?: DrainOptions
  readonly flags?: readonly string[]
  /** Something that happens after so many evictions were asked for. */
  readonly after?: { evictions: number; act: (cluster: ClusterDouble) => void }
}

const web = (cluster: ClusterDouble) => {
  cluster.addPod('web-1', { node: 'n1', labels: { app: 'web' } })
  cluster.addPod('web-2', { node: 'n1', labels: { app: 'web' } })
  cluster.addPod('web-3', { node: 'n2', labels: { app: 'web' } })
}
const agent = (cluster: ClusterDouble) => {
  cluster.addPod('agent-1', { node: 'n1', namespace: 'kube-system', owner: 'DaemonSet/agent' })
}
const scratch = (cluster: ClusterDouble) => {
  cluster.addPod('scratch-1', { node: 'n1', emptyDir: true })
}
const lonely = (cluster: ClusterDouble) => {
  cluster.addPod('lonely', { node: 'n1', owner: null })
}
const orphan = (cluster: ClusterDouble) => {
  cluster.addPod('orphan-1', { node: 'n1', owner: 'DaemonSet/gone', orphaned: true })
}
const finished = (cluster: ClusterDouble) => {
  cluster.addPod('job-1', { node: 'n1', owner: 'Job/job', phase: 'Succeeded', emptyDir: true })
  cluster.addPod('once', { node: 'n1', owner: null, phase: 'Failed' })
  cluster.addPod('agent-2', { node: 'n1', owner: 'DaemonSet/agent', phase: 'Failed' })
}
const terminating = (cluster: ClusterDouble) => {
  cluster.addPod('old-1', { node: 'n1', deletedAt: new Date(Date.now() - 3_600_000) })
}
const all =
  (...parts: ((cluster: ClusterDouble) => void)[]) =>
  (cluster: ClusterDouble) => {
    for (const part of parts) part(cluster)
  }

const scenarios: Record<string, Scenario> = {
  'a node without pods': { build: () => undefined },
  'pods with a controller': { build: web },
  'a DaemonSet pod': { build: all(web, agent) },
  'a DaemonSet pod that is ignored': {
    build: all(web, agent),
    options: { ignoreDaemonSets: true },
    flags: ['--ignore-daemonsets'],
  },
  'a pod that stands for a file': {
    build: (cluster) => cluster.addPod('static-n1', { node: 'n1', mirror: true, emptyDir: true }),
  },
  'a pod with an emptyDir': { build: all(web, scratch) },
  'a pod whose emptyDir may be lost': {
    build: all(web, scratch),
    options: { deleteEmptyDirData: true },
    flags: ['--delete-emptydir-data'],
  },
  'a pod without a controller': { build: all(web, lonely) },
  'a pod without a controller, by force': {
    build: all(web, lonely),
    options: { force: true },
    flags: ['--force'],
  },
  'force does not lose what is in an emptyDir': {
    build: all(scratch, lonely),
    options: { force: true },
    flags: ['--force'],
  },
  'pods that have finished': { build: finished },
  'an orphan of a DaemonSet': {
    build: all(web, orphan),
    options: { ignoreDaemonSets: true },
    flags: ['--ignore-daemonsets'],
  },
  'an orphan of a DaemonSet, by force': {
    build: all(web, orphan),
    options: { force: true },
    flags: ['--force'],
  },
  'a grace period': { build: web, options: { gracePeriod: 7 }, flags: ['--grace-period=7'] },
  'no grace': { build: web, options: { gracePeriod: 0 }, flags: ['--grace-period=0'] },
  'only some pods': {
    build: all(web, lonely),
    options: { podSelector: 'app=web' },
    flags: ['--pod-selector=app=web'],
  },
  'all but some pods': {
    build: all(web, lonely, (cluster) => cluster.addPod('db-1', { node: 'n1', labels: { app: 'db' } })),
    options: { podSelector: 'app!=web,app' },
    flags: ['--pod-selector=app!=web,app'],
  },
  'deleting in place of evicting': {
    build: (cluster) => {
      web(cluster)
      cluster.addBudget('web', { matchLabels: { app: 'web' }, disruptionsAllowed: 0 })
    },
    options: { disableEviction: true, gracePeriod: 3 },
    flags: ['--disable-eviction', '--grace-period=3'],
  },
  'a pod that has been terminating for long': {
    build: all(web, terminating),
    options: { skipWaitForDeleteTimeout: 60 },
    flags: ['--skip-wait-for-delete-timeout=60'],
  },
  'a pod that is terminating': {
    build: all(web, terminating),
    options: { skipWaitForDeleteTimeout: 7200 },
    flags: ['--skip-wait-for-delete-timeout=7200'],
  },
  'a pod with two budgets': {
    build: (cluster) => {
      web(cluster)
      for (const name of ['one', 'two']) cluster.addBudget(name, { matchLabels: { app: 'web' } })
    },
  },
  'a budget that has room after a while': {
    build: (cluster) => {
      web(cluster)
      cluster.addBudget('web', { matchLabels: { app: 'web' }, disruptionsAllowed: 1 })
    },
    after: {
      evictions: 2,
      act: (cluster) => cluster.addBudget('web', { matchLabels: { app: 'web' }, disruptionsAllowed: 1 }),
    },
  },
  'a budget that has no room until time runs out': {
    build: (cluster) => {
      web(cluster)
      cluster.addBudget('web', { matchLabels: { app: 'web' }, disruptionsAllowed: 0 })
    },
    options: { timeout: 2, retryDelay: 5_000 },
    flags: ['--timeout=2s'],
  },
}

describe.skipIf(missing)('the drain does as kubectl does', () => {
  test.each(Object.entries(scenarios))('%s', { timeout: 60_000 }, async (_name, scenario) => {
    const theirs = await runWith(scenario, async (server) => {
      const words = ['drain', 'n1', ...(scenario.flags ?? [])]
      return (await kubectl(server, certificates, words)).status === 0
    })
    const ours = await runWith(scenario, async (server) => {
      await using nodes = nodesOf(server)
      await nodes.cordon('n1')
      return await nodes.drain('n1', { retryDelay: 200, pollInterval: 50, ...scenario.options }).then(
        () => true,
        (error: unknown) => {
          if (error instanceof DrainError) return false
          throw error
        },
      )
    })
    expect(ours).toEqual(theirs)
    expect(ours.calls[0]).toBe('PATCH /api/v1/nodes/n1 {"unschedulable":true}')
  })

  test('cordon and uncordon', async () => {
    const theirs = await runWith({ build: web }, async (server) => {
      await kubectl(server, certificates, ['cordon', 'n1'])
      return (await kubectl(server, certificates, ['uncordon', 'n1'])).status === 0
    })
    const ours = await runWith({ build: web }, async (server) => {
      await using nodes = nodesOf(server)
      await nodes.cordon('n1')
      return (await nodes.uncordon('n1')).changed
    })
    expect(ours).toEqual(theirs)
    expect(ours.calls).toHaveLength(2)
  })
})

function nodesOf(server: ApiServerDouble): NodeOperations {
  const kubeConfig = new KubeConfig()
  kubeConfig.loadFromFile(kubeconfigFor(server, certificates))
  return NodeOperations.of(kubeConfig)
}

async function runWith(
  { build, after }: Scenario,
  work: (server: ApiServerDouble) => Promise<boolean>,
): Promise<{ succeeded: boolean; calls: string[]; left: string[]; unschedulable: unknown }> {
  await using server = await ApiServerDouble.start({ token: 'sesame', tls })
  const { cluster } = server
  cluster.addNode('n1')
  cluster.addNode('n2')
  build(cluster)
  let evictions = 0
  server.intercept = ({ path }) => {
    if (path.endsWith('/eviction') && after && evictions++ === after.evictions) after.act(cluster)
    return undefined
  }
  const succeeded = await work(server)
  const left = cluster.list('pods').map(({ metadata }) => metadata.name)
  return {
    succeeded,
    left,
    calls: essentials(server.calls),
    unschedulable: cluster.get('nodes', '/n1')?.spec,
  }
}

/** Each call once: what was asked of the node and of the lists in its order, then what was asked of pods, sorted. */
function essentials(calls: readonly Call[]): string[] {
  const told = calls.filter(({ path, method }) => matters(path) && !(method === 'GET' && isNode(path)))
  const texts = [...new Set(told.map(essence))]
  const ofOnePod = (text: string) => text.includes('/pods/')
  return [...texts.filter((text) => !ofOnePod(text)), ...texts.filter(ofOnePod).sort()]
}

function matters(path: string): boolean {
  return /^\/api\/v1\/(nodes|pods|namespaces)\b/.test(path) || path.includes('/daemonsets/')
}

function isNode(path: string): boolean {
  return path.startsWith('/api/v1/nodes/')
}

function essence({ method, path, query, body }: Call): string {
  const selectors = ['fieldSelector', 'labelSelector'].flatMap((name) => query.get(name) ?? [])
  return [method, path, ...selectors, bodyOf(path, body)].filter(Boolean).join(' ')
}

function bodyOf(path: string, body: unknown): string {
  if (typeof body !== 'object' || body === null) return ''
  if (isNode(path) && 'spec' in body) return JSON.stringify(body.spec)
  const options = path.endsWith('/eviction') && 'deleteOptions' in body ? body.deleteOptions : body
  const grace = Object.entries(options ?? {}).filter(([name]) => name === 'gracePeriodSeconds')
  return JSON.stringify(Object.fromEntries(grace))
}
