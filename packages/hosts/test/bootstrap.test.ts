/** Preparing hosts: which steps each kind of system takes, and that taking them twice changes nothing. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fileStep } from '../src/bootstrap/file.ts'
import { flannelConfiguration } from '../src/bootstrap/flannel.ts'
import { carryOut } from '../src/updates/carry-out.ts'
import {
  bootstrapHost,
  bootstrapSteps,
  checkBootstrapped,
  connect,
  type Facts,
  gatherFacts,
  type HostNetwork,
  planBootstrap,
  type Profile,
  type Remote,
  type Step,
} from '../src/index.ts'
import { type Call, FakeHost, type FakeHostOptions, type Reply, type SystemName } from '../src/testing.ts'
import { factsOf } from './facts-of.ts'

const etcd: HostNetwork = {
  kind: 'flannel_etcd',
  endpoints: ['https://10.0.0.1:2379', 'https://10.0.0.2:2379'],
  prefix: '/atomic01/network',
  certificates: { ca: 'the ca\n', certificate: 'the certificate\n', key: 'the key\n' },
}

/** The steps after those that every host takes. */
function stepsOf(system: SystemName, profile: Profile, network?: HostNetwork): readonly Step[] {
  return bootstrapSteps(factsOf(system), profile, network ? { network } : {}).slice(4)
}

const actionsOf = (steps: readonly Step[]) => steps.flatMap(({ does }) => does ?? [])

test.each<[SystemName, Profile, string[]]>([
  ['debian', 'docker', ['installs docker.io', 'enables docker and starts it afresh']],
  ['ubuntu', 'containerd', ['installs containerd', 'enables containerd and starts it afresh']],
  ['fedora', 'docker', ['installs moby-engine', 'enables docker and starts it afresh']],
  [
    'rocky',
    'docker',
    ["adds Docker's repository", 'installs docker-ce', 'enables docker and starts it afresh'],
  ],
  [
    'rocky',
    'containerd',
    ["adds Docker's repository", 'installs containerd.io', 'enables containerd and starts it afresh'],
  ],
  ['centos7', 'docker', ['installs docker', 'enables docker and starts it afresh']],
  ['leap', 'docker', ['installs docker', 'enables docker and starts it afresh']],
  [
    'sles',
    'docker',
    ["adds SUSE's module for containers", 'installs docker', 'enables docker and starts it afresh'],
  ],
  ['arch', 'docker', ['installs docker', 'enables docker and starts it afresh']],
  [
    'alpine',
    'docker',
    ['adds the repository "community" of Alpine', 'installs docker', 'enables docker and starts it afresh'],
  ],
  ['microos', 'docker', ['enables docker and starts it afresh']],
  ['silverblue', 'docker', ['enables docker and starts it afresh']],
  ['bootc', 'containerd', ['enables containerd and starts it afresh']],
])('%s is prepared for %s by %o', (system, profile, actions) => {
  expect(actionsOf(stepsOf(system, profile))).toEqual(actions)
})

test.each<[SystemName, string[]]>([
  [
    'debian',
    [
      '/etc/etcd/cacert.pem',
      '/etc/etcd/client.crt',
      '/etc/etcd/key.crt',
      '/etc/default/flanneld',
      '/etc/systemd/system/flanneld.service.d/commissaire.conf',
      '/etc/docker/on-flannel.sh',
      '/etc/systemd/system/docker.service.d/commissaire.conf',
    ],
  ],
  [
    'centos7',
    ['/etc/etcd/cacert.pem', '/etc/etcd/client.crt', '/etc/etcd/key.crt', '/etc/sysconfig/flanneld'],
  ],
  ['alpine', ['/etc/etcd/cacert.pem', '/etc/etcd/client.crt', '/etc/etcd/key.crt', '/etc/conf.d/flanneld']],
  [
    'coreos',
    ['/etc/etcd/cacert.pem', '/etc/etcd/client.crt', '/etc/etcd/key.crt', '/etc/sysconfig/flanneld'],
  ],
])('on %s flannel on etcd with TLS comes with the files %o', (system, files) => {
  const written = actionsOf(stepsOf(system, 'docker', etcd)).flatMap((does) =>
    does.startsWith('writes ') ? does.slice(7) : [],
  )
  expect(written).toEqual(files)
})

test('whatever is left out on a host says why', () => {
  const left = stepsOf('silverblue', 'docker', { kind: 'none', why: 'nobody asked for it' }).flatMap(
    ({ notHere }) => notHere ?? [],
  )
  expect(left).toContain('nobody asked for it')
  expect(stepsOf('debian', 'containerd').flatMap(({ notHere }) => notHere ?? [])).toEqual([
    'nothing has to be added for it on Debian GNU/Linux 12 (bookworm)',
    'with containerd the container manager brings the network',
  ])
})

test('flannel on etcd is told its endpoints, its key and its certificates, in old words and new', () => {
  expect(flannelConfiguration(etcd as HostNetwork & { kind: 'flannel_etcd' }).split('\n')).toEqual(
    expect.arrayContaining([
      'FLANNEL_ETCD="https://10.0.0.1:2379,https://10.0.0.2:2379"',
      'FLANNEL_ETCD_ENDPOINTS="https://10.0.0.1:2379,https://10.0.0.2:2379"',
      'FLANNEL_ETCD_PREFIX="/atomic01/network"',
      'FLANNEL_OPTIONS="--etcd-cafile=/etc/etcd/cacert.pem --etcd-certfile=/etc/etcd/client.crt --etcd-keyfile=/etc/etcd/key.crt"',
      'FLANNELD_ETCD_KEYFILE="/etc/etcd/key.crt"',
    ]),
  )
})

test('flannel with a server is told where that is', () => {
  const text = flannelConfiguration({ kind: 'flannel_server', address: '10.0.0.1:8888' })
  expect(text).toContain('FLANNEL_OPTIONS="--remote=10.0.0.1:8888"')
  expect(text).not.toContain('ETCD')
})

test('a key never stands in a command, where everybody on the host could read it', () => {
  const actions = stepsOf('debian', 'docker', etcd).flatMap(({ action }) => action ?? [])
  for (const { run, title } of actions) expect(`${run} ${title}`).not.toContain('the key')
  expect(actions.map(({ input }) => input)).toContain('the key\n')
})

/** A host that remembers what was done to it, by what the commands contain. */
function remembering(): FakeHostOptions & { readonly files: Map<string, string> } {
  const files = new Map<string, string>()
  const has = new Set<string>()
  const answer = (isThere: boolean): Reply => (isThere ? {} : { code: 1 })
  const respond = ({ command, input }: Call): Reply | undefined => {
    if (input.startsWith('echo')) return { stdout: '42\n' }
    if (command.startsWith('for u in sshd')) return { stdout: 'enabled\n' }
    const [, program] = /command -v (dockerd|flanneld|containerd)/.exec(command) ?? []
    if (program) return answer(has.has(program))
    const [, checked] = /^\[ -f (\S+) \]/.exec(command) ?? []
    if (checked) return answer(files.has(checked))
    const [, written] = /^mv -f \S+ (\S+)$/m.exec(command) ?? []
    if (written) files.set(written, input)
    const [, service] = /systemctl is-active (\w+)/.exec(command) ?? []
    if (service) return answer(has.has(`${service} runs`))
    const [, started] = /systemctl restart (\w+)/.exec(command) ?? []
    if (started) has.add(`${started} runs`)
    if (command.includes('install docker.io')) has.add('dockerd')
    if (command.includes('install flannel')) has.add('flanneld')
    return command.startsWith('sh -s') ? undefined : {}
  }
  return { respond, files }
}

async function onHost<T>(
  options: FakeHostOptions,
  work: (remote: Remote, facts: Facts, host: FakeHost) => Promise<T>,
): Promise<T> {
  await using host = await FakeHost.start(options)
  await using remote = await connect(host.target())
  return await work(remote, await gatherFacts(remote), host)
}

test('preparing a host takes only the steps that are needed, and a second time none', async () => {
  const options = remembering()
  await onHost(options, async (remote, facts) => {
    const outcomes = async (): Promise<string[]> => {
      const { steps, isReady } = await bootstrapHost(remote, facts, { profile: 'docker', network: etcd })
      expect(steps.filter(({ outcome }) => outcome === 'failed')).toEqual([])
      expect(isReady).toBe(true)
      return steps.map(({ outcome }) => outcome)
    }
    const first = await outcomes()
    expect(first.filter((outcome) => outcome === 'done')).toHaveLength(11)
    expect(options.files.get('/etc/etcd/key.crt')).toBe('the key\n')
    expect(new Set(await outcomes())).toEqual(new Set(['already', 'skipped']))
  })
})

test('a plan tells what would be done and does nothing', async () => {
  await onHost(remembering(), async (remote, facts) => {
    const before = await planBootstrap(remote, facts, { profile: 'docker', network: etcd })
    expect(before.steps.filter(({ state }) => state === 'would_do')).toHaveLength(11)
    expect(before.steps).toContainEqual({
      name: 'docker is installed',
      state: 'would_do',
      action: 'installs docker.io',
      reason: 'dockerd is missing',
    })
    expect(before.steps.slice(0, 4).every(({ state }) => state === 'done')).toBe(true)
    await bootstrapHost(remote, facts, { profile: 'docker', network: etcd })
    const after = await planBootstrap(remote, facts, { profile: 'docker', network: etcd })
    expect(new Set(after.steps.map(({ state }) => state))).toEqual(new Set(['done', 'not_for_this_host']))
  })
})

test('a plan says what is in the way, and who may do what we may not', async () => {
  const options = remembering()
  await onHost({ ...options, system: 'silverblue' }, async (remote, facts) => {
    const { steps } = await planBootstrap(remote, facts, { profile: 'docker' })
    expect(steps.find(({ name }) => name === 'docker is installed')).toMatchObject({
      state: 'blocked',
      reason: 'dockerd is missing, and must come with the image that this host boots',
    })
  })
})

test('a network about which too little is known stops the preparation, with the reason', async () => {
  await onHost(remembering(), async (remote, facts) => {
    const network = { kind: 'incomplete', why: 'network "blue" has no endpoints' } as const
    const report = await bootstrapHost(remote, facts, { profile: 'docker', network })
    expect(report.isReady).toBe(false)
    expect(() => checkBootstrapped(report, '10.0.0.1')).toThrow('network "blue" has no endpoints')
  })
})

test('the profile none only looks', async () => {
  await onHost(remembering(), async (remote, facts, host) => {
    const report = await bootstrapHost(remote, facts, { network: etcd })
    expect([report.isReady, report.steps.length]).toEqual([true, 4])
    expect(host.commands.some((command) => command.includes('install'))).toBe(false)
  })
})

test('the first step that fails ends it, and the rest is not reached', async () => {
  const disabled: FakeHostOptions = {
    respond: ({ input }) => (input.startsWith('echo') ? { stdout: 'This account is disabled.' } : undefined),
  }
  await onHost(disabled, async (remote, facts, host) => {
    const seen: string[] = []
    const onStep = ({ name }: { name: string }) => seen.push(name)
    const report = await bootstrapHost(remote, facts, { profile: 'docker', onStep })
    const [first, ...others] = report.steps.map(({ outcome }) => outcome)
    expect([first, ...new Set(others)]).toEqual(['failed', 'not_reached'])
    expect(seen).toHaveLength(report.steps.length)
    expect(() => checkBootstrapped(report, host.address)).toThrow('This account is disabled')
  })
})

test('an action that does not help is a failure', async () => {
  const { respond } = remembering()
  const useless: FakeHostOptions = {
    respond: (call) => (call.command.includes('install docker') ? {} : respond?.(call)),
  }
  await onHost(useless, async (remote, facts) => {
    const { steps } = await bootstrapHost(remote, facts, { profile: 'docker' })
    expect(steps.find(({ outcome }) => outcome === 'failed')).toMatchObject({
      name: 'docker is installed',
      reason: 'the action ran, but dockerd is missing',
    })
  })
})

test('a file is written whole, with its mode, once; what somebody else wrote is kept beside it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'commissaire-file-'))
  const path = join(folder, 'deep', "a 'quoted' name")
  const step = (content: string) => fileStep('the file is there', { path, content, mode: '600' })
  await onHost({ runs: 'locally' }, async (remote) => {
    expect(await step('one\n').check(remote, {})).toContain('is missing or different')
    await carryOut(remote, step('one\n').action!)
    expect([readFileSync(path, 'utf8'), statSync(path).mode & 0o777]).toEqual(['one\n', 0o600])
    expect(await step('one\n').check(remote, {})).toBeUndefined()
    expect(existsSync(`${path}.before-commissaire`)).toBe(false)
    writeFileSync(path, 'by hand\n')
    expect(await step('two\n').check(remote, {})).toContain('is missing or different')
    await carryOut(remote, step('two\n').action!)
    await carryOut(remote, step('three\n').action!)
    expect(readFileSync(`${path}.before-commissaire`, 'utf8')).toBe('by hand\n')
    expect(readFileSync(path, 'utf8')).toBe('three\n')
  })
  rmSync(folder, { recursive: true })
})
