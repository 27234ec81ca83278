/** `commctl operation`, `cluster exec|drain`, policies, plans and schedules, against the real server, services and scripted hosts. */
import { until } from '@commissaire/testing'
import assert from 'node:assert/strict'
import type { FastifyInstance } from 'fastify'
import { createApp, openAuthentication } from '@commissaire/server'
import { afterAll, afterEach, beforeAll, describe, test } from 'vitest'
import { TestSystem } from '../../services/test/system.ts'
import { commandLine, Home, onTerminal, operator, type RunOptions } from './world.ts'

const silence = () => {}
const log = { debug: silence, info: silence, warn: silence, error: silence }

let system: TestSystem
let app: FastifyInstance
let home: Home
let hosts: string[]
/** What the command `wait-for-it` waits for, and how `may-fail` ends. */
let gate = Promise.withResolvers<void>()
let isBroken = true

beforeAll(async () => {
  system = await TestSystem.start({ watcher: false, investigator: false })
  const auth = await openAuthentication([{ name: 'httpbasicauth', users: { a: { hash: operator.hash } } }], {
    log,
  })
  app = createApp({ bus: system.bus, storage: system.storage, auth, log })
  home = new Home()
  const endpoint = await app.listen({ port: 0, host: '127.0.0.1' })
  home.write('.commissaire.json', { endpoint, username: 'a', password: 'a' })
  const respond = async ({ command }: { command: string }) => {
    if (command.includes('wait-for-it')) await gate.promise
    if (command.includes('may-fail') && isBroken) return { code: 3, stderr: 'it is broken\n' }
    return command.includes('hello') ? { stdout: `heard ${command}\n` } : undefined
  }
  const fakes = [await system.activeHost({ respond }), await system.activeHost({ respond })]
  hosts = fakes.map(({ address }) => address)
  for (const name of ['web', 'db']) await system.cluster(name, fakes)
})

afterEach(() => {
  gate.resolve()
  gate = Promise.withResolvers()
  isBroken = true
})

afterAll(async () => {
  home[Symbol.dispose]()
  await app.close()
  await system[Symbol.asyncDispose]()
})

const commctl = (words: string, options?: RunOptions) => home.commctl(words.split(' '), options)

async function json(words: string) {
  const { status, stdout, stderr } = await commctl(`${words} -o json`)
  assert.equal(status, 0, stderr)
  return JSON.parse(stdout)
}

async function begun(words: string): Promise<string> {
  const { status, stdout, stderr } = await commctl(words)
  assert.equal(status, 0, stderr)
  return stdout.split('\n')[0] ?? ''
}

function untilStatus(id: string, wanted: string): Promise<true> {
  return until(async () => (await json(`operation get ${id}`)).status === wanted, `${id} being ${wanted}`)
}

describe('exec', () => {
  test('with --watch shows each host and its step, and ends with 0', async () => {
    const { status, stdout, stderr } = await commctl('cluster exec web -w --interval 0.05 -- echo hello you')
    assert.equal(status, 0, stderr)
    assert.match(stdout, /^Exec of web: 2 hosts$/m)
    for (const host of hosts) assert.match(stdout, new RegExp(`^${host}: done$`, 'm'))
    assert.match(stdout, /Exec of web: finished, 2 of 2 done in \d+ s\n/)
    for (const host of hosts) assert.match(stdout, new RegExp(`^${host}: heard .*echo hello you`, 'm'))
    assert.match(stderr, /^Operation exec-web-/)
  })

  test('is shown as a summary with its hosts, and each host with its steps and output', async () => {
    const id = await begun(`cluster exec web --host ${hosts[1]} -- echo hello`)
    await untilStatus(id, 'finished')
    const { stdout } = await commctl(`operation get ${id}`)
    assert.match(stdout, /^ {2}exec of web: finished, 1 done$/m)
    assert.match(stdout, /^ {2}command: echo hello$/m)
    assert.match(stdout, new RegExp(`^${hosts[1]} +- +done`, 'm'))
    const host = await commctl(`operation get ${id} ${hosts[1]}`)
    assert.match(host.stdout, /^lock +done +\d{4}-\d\d-\d\d \d\d:\d\d +\d+ s/m)
    assert.match(host.stdout, /^OUTPUT\n(.*\n)*heard .*echo hello/m)
    assert.equal((await json(`operation get ${id} ${hosts[1]}`)).address, hosts[1])
    assert.equal((await commctl(`operation get ${id} -o name`)).stdout, `${id}\n`)
    const list = await commctl('operation list -c web -k exec --limit 1 -o table', {
      env: { COLUMNS: '100' },
    })
    assert.match(list.stdout, /^ID +KIND +CLUSTER +STATUS +HOSTS/)
    assert.match(list.stdout, new RegExp(`^${id} .* 1 done`, 'm'))
    for (const line of list.stdout.split('\n')) assert.ok(line.length <= 100, line)
  })

  test('quotes words, and leaves a single one to the shell of the host', async () => {
    const quoted = await home.commctl([
      'cluster',
      'exec',
      'web',
      '-o',
      'json',
      '--',
      'echo',
      'hello  you',
      "it's",
    ])
    const { id, command } = JSON.parse(quoted.stdout)
    assert.equal(command, `echo 'hello  you' 'it'\\''s'`)
    await untilStatus(id, 'finished')
    const line = await home.commctl(['cluster', 'exec', 'web', '-o', 'json', '--', 'echo hello | cat'])
    assert.equal(JSON.parse(line.stdout).command, 'echo hello | cat')
    await untilStatus(JSON.parse(line.stdout).id, 'finished')
  })
})

test('a failure pauses it with status 3; retry takes the host up again, to status 0', async () => {
  const failed = await commctl('cluster exec web --watch --interval 0.05 -- may-fail')
  assert.equal(failed.status, 3, failed.stderr)
  assert.match(failed.stdout, new RegExp(`^${hosts[0]}: failed at act: .*3`, 'm'))
  assert.match(failed.stdout, /^Exec of web: paused, 0 of 2 done in \d+ s: 1 of 2 hosts failed/m)
  const [{ id }] = await json('operation list --status paused --cluster web')
  const { stdout } = await commctl(`operation get ${id}`)
  assert.match(stdout, new RegExp(`next: commctl operation retry\\|skip\\|resume\\|cancel ${id}`))
  assert.match((await commctl(`operation get ${id} ${hosts[0]}`)).stdout, /^act +failed .* 3/m)
  isBroken = false
  const retried = await commctl(`operation retry ${id} --watch --interval 0.05`)
  assert.equal(retried.status, 0, retried.stdout + retried.stderr)
})

test('pause, concurrency, skip, resume and cancel are asked of one that runs', async () => {
  const id = await begun('cluster exec web -- wait-for-it')
  const working = async () => (await json(`operation get ${id}`)).members[0].step === 'act'
  await until(working, 'the command')
  assert.match(
    (await commctl(`operation pause ${id} -r lunch`)).stdout,
    /pausing.*\n(.*\n)* {2}reason: lunch/,
  )
  assert.equal((await commctl(`operation concurrency ${id} 50%`)).status, 0)
  assert.match((await commctl(`operation skip ${id} ${hosts[1]}`)).stdout, /1 working, 1 skipped/)
  assert.equal((await commctl(`operation resume ${id}`)).status, 0)
  gate.resolve()
  await untilStatus(id, 'finished')
  const late = await commctl(`operation pause ${id}`)
  assert.equal(late.status, 2)
  assert.match(late.stderr, /is finished.*\(405 Method Not Allowed\)/)
  const none = await commctl('operation pause nothing')
  assert.deepEqual([none.status, none.stderr], [4, 'commctl: There is no operation "nothing".\n'])
})

test('a cluster operation is watched with its steps, and is the result as ever', async () => {
  const { status, stdout, stderr } = await commctl('cluster restart start db --watch --interval 0.05 -o json')
  assert.equal(status, 0, stderr)
  assert.deepEqual(JSON.parse(stdout).restarted, hosts)
  assert.match(stderr, new RegExp(`^${hosts[0]}: in process: (drain|reboot|return|health|check|lock)`, 'm'))
})

test('who watches is told of what happens, and need not look', { timeout: 40_000 }, async () => {
  const { status, stderr } = await commctl('cluster restart start db --watch --interval 3600')
  assert.equal(status, 0, stderr)
})

test('a drain holds a host until it is released', async () => {
  const id = await begun(`cluster drain web ${hosts[0]}`)
  const held = async () => (await json(`operation get ${id}`)).members[0].step === 'hold'
  await until(held, 'the hold')
  const { status, stdout } = await commctl(`operation release ${id} ${hosts[0]} --watch --interval 0.05`)
  assert.equal(status, 0, stdout)
})

describe('a policy', () => {
  test('comes from a file, from JSON, and from options, which go before', async () => {
    const file = home.write(
      'policy.yaml',
      'max_unavailable: 1\npatience: 5\nwindows:\n- start: 0 3 1 1 *\n  minutes: 1\n',
    )
    const words = `cluster upgrade start web --policy ${file} --max-unavailable 50% --ramp 1,50% --max-failures 1 --reboot never`
    const started = await json(words)
    const { id, policy } = await json(`operation get ${started.operation}`)
    assert.deepEqual(
      [policy.max_unavailable, policy.ramp, policy.max_failures, policy.reboot, policy.patience],
      ['50%', [1, '50%'], 1, 'never', 5],
    )
    assert.equal((await commctl(`operation cancel ${id}`)).status, 0)
    await untilStatus(id, 'cancelled')
    const watched = await commctl(`operation watch ${id}`)
    assert.equal(watched.status, 3)
  })

  test.each([
    ['--policy /nowhere', /--policy \/nowhere cannot be read: .*Name a file/],
    ['--policy {"max_failures":-1}', /^- policy\.max_failures: must be/m],
    ['--max-unavailable many', /^- policy\.max_unavailable: /m],
    ['--policy {"max_failure":1}', /"max_failure", which is not known/],
    ['--zone mars', /no host is in zone "mars"/],
  ])('%s is refused, with what is wrong', async (option, said) => {
    const { status, stderr } = await commctl(`cluster restart start web ${option}`)
    assert.equal(status, 2)
    assert.match(stderr, said)
  })
})

describe('--plan', () => {
  test('shows the turns with their times and what was found, and begins nothing', async () => {
    const before = (await json('operation list')).length
    const { status, stdout, stderr } = await commctl('cluster restart start web --plan')
    assert.equal(status, 0, stderr)
    assert.match(stdout, /^Plan of restart of web: 2 hosts, done by \d{4}-\d\d-\d\d \d\d:\d\d, in /)
    assert.match(stdout, /^HOST +ZONE +BEGINS +ENDS +FINDINGS$/m)
    assert.match(stdout, new RegExp(`^${hosts[0]} +- +\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d +\\d{4}`, 'm'))
    assert.match(stdout, /^warns {2}.*has the machine id of .* \(machine_id_shared\)\n {8}\S/m)
    assert.equal((await json('operation list')).length, before)
    assert.equal((await commctl('cluster restart start web --plan -o name')).stdout, `${hosts.join('\n')}\n`)
  })

  test('ends with 5 when something would block it', async () => {
    const { status, stdout } = await commctl('cluster deploy start web 7.2.6 --plan')
    assert.equal(status, 5, stdout)
    assert.match(stdout, /^blocks {2}\S/m)
    assert.equal((await commctl('cluster deploy start web 7.2.6 --plan -o json')).status, 5)
  })

  test('of a cluster that is not there has failed', async () => {
    const { status, stderr } = await commctl('cluster drain nowhere --plan')
    assert.equal(status, 4)
    assert.match(stderr, /There is no cluster "nowhere"/)
  })
})

test('a schedule is made, listed, switched off and on, and deleted', async () => {
  const when = ['--when', '0 3 * * 6', '--timezone', 'Europe/Berlin', '--max-unavailable', '20%']
  const made = await home.commctl(['schedule', 'create', ...when, 'weekly', 'upgrade', 'web'])
  assert.equal(made.status, 0, made.stderr)
  assert.match(made.stdout, /^when: 0 3 \* \* 6$/m)
  const clean = [
    'schedule',
    'create',
    '--when',
    '30 4 * * *',
    'clean',
    'exec',
    'web',
    '--',
    'journalctl',
    '--vacuum-time=7d',
  ]
  assert.match((await home.commctl(clean)).stdout, /^command: journalctl --vacuum-time=7d$/m)
  const table = await commctl('schedule list -o table')
  assert.match(table.stdout, /^NAME +KIND +CLUSTER +WHEN +TIMEZONE +NEXT +LAST +RESULT$/m)
  assert.match(table.stdout, /^weekly +upgrade +web +0 3 \* \* 6 +Europe\/Berlin +\d{4}-/m)
  assert.equal((await json('schedule disable weekly')).enabled, false)
  assert.match((await commctl('schedule list -o table')).stdout, /^weekly .* disabled/m)
  assert.equal((await json('schedule enable weekly')).enabled, true)
  assert.equal((await commctl('schedule enable nothing')).status, 4)
  const wrong = await home.commctl(['schedule', 'create', '--when', 'daily', 'x', 'upgrade', 'web'])
  assert.equal(wrong.status, 2)
  assert.match(wrong.stderr, /^- when: "daily" is not a cron pattern/m)
  assert.equal((await commctl('schedule delete weekly clean')).stdout, 'Success\nSuccess\n')
})

test('on a terminal the bar shows hosts by state', async () => {
  let text = ''
  const end = onTerminal(`${commandLine} cluster exec web -w --interval 0.05 -- wait-for-it`, {
    env: home.env,
    onOutput: (more) => (text += more),
  })
  await until(() => text.includes(`▸ ${hosts[0]}  in process: act`), 'the frame')
  gate.resolve()
  const { status, stdout } = await end
  assert.equal(status, 0)
  assert.match(stdout, /\[>{12}-{12}\] {2}0 of 2/)
  assert.match(stdout, /\[#{24}\] {2}2 of 2/)
})

test('ids of operations and names of schedules are completed', async () => {
  const [{ id }] = await json('operation list')
  const { stdout } = await home.commctl(['__complete', 'operation', 'get', ''])
  assert.ok(stdout.split(/[\n\t]/).includes(id), stdout)
})
