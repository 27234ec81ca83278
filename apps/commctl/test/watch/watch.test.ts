/** `--watch`: a rolling operation as people see it, on a terminal and in a file, over outages and to every end. */
import { until } from '@commissaire/testing'
import assert from 'node:assert/strict'
import { Cluster, ClusterUpgrade, Host, parseModel, timestamp } from '@commissaire/models'
import { afterAll, beforeAll, beforeEach, describe, test } from 'vitest'
import { changesOf, frameOf, summaryOf } from '../../src/watch/frame.ts'
import { progressOf } from '../../src/watch/progress.ts'
import { commandLine, onTerminal, openWorld, type World } from '../world.ts'

let world: World
const hosts = ['192.0.2.1', '192.0.2.2', '192.0.2.3']

beforeAll(async () => {
  world = await openWorld()
})
afterAll(async () => world[Symbol.asyncDispose]())
beforeEach(async () => {
  await world.storage.save(Cluster, parseModel(Cluster, { name: 'web', hostset: hosts }))
  for (const address of hosts) await world.storage.save(Host, parseModel(Host, { address, status: 'active' }))
})

/** What clusterexec does: stores how far the operation is. */
async function progress(change: object): Promise<void> {
  await world.storage.update(ClusterUpgrade, 'web', (operation) => ({ ...operation, ...change }))
}

/** Runs a watch; `seen` resolves when something was printed. */
function watching(words: string, options: { signal?: AbortSignal } = {}) {
  let text = ''
  const end = world.commctl(`${words} --interval 0.05`, { ...options, onOutput: (more) => (text += more) })
  return { end, seen: (part: string) => until(() => text.includes(part), `printing "${part}"`) }
}

const finished = () => ({ status: 'finished', upgraded: hosts, in_process: [], finished_at: timestamp() })

test('each host is told of once it changes, and the end is status 0', async () => {
  const { end, seen } = watching('cluster upgrade start web --watch')
  await seen('Upgrade of web: 3 hosts\n')
  await progress({ in_process: ['192.0.2.1'] })
  await seen('192.0.2.1: in process\n')
  await progress({ in_process: ['192.0.2.2'], upgraded: ['192.0.2.1'] })
  await seen('192.0.2.2: in process\n')
  await progress(finished())
  const { status, stdout, stderr } = await end
  assert.equal(status, 0, stderr)
  assert.match(stdout, /^192\.0\.2\.1: done\n192\.0\.2\.2: in process$/m)
  assert.match(stdout, /Upgrade of web: finished, 3 of 3 done in \d+ s\n$/)
})

test('a failed host is told of with its reason, and the end is status 3', async () => {
  await world.commctl('cluster upgrade start web')
  await progress({ upgraded: ['192.0.2.1'], in_process: ['192.0.2.2'] })
  const { end, seen } = watching('cluster upgrade status web --watch')
  await seen('192.0.2.2: in process')
  await progress({
    status: 'failed',
    failures: { '192.0.2.2': 'dnf ended with 1' },
    in_process: [],
    reason: 'too many failures',
  })
  const { status, stdout } = await end
  assert.equal(status, 3)
  assert.match(stdout, /^192\.0\.2\.2: failed: dnf ended with 1$/m)
  assert.match(stdout, /^192\.0\.2\.3: not started$/m)
  assert.match(stdout, /Upgrade of web: failed, 1 of 3 done in \d+ s: too many failures\n$/)
})

test('where the operation gives no reason, that of the host is shown', async () => {
  await world.commctl('cluster upgrade start web')
  await world.storage.save(
    Host,
    parseModel(Host, { address: '192.0.2.1', status: 'failed', status_reason: 'no route to host' }),
  )
  await progress({ status: 'failed', in_process: ['192.0.2.1'] })
  const { status, stdout } = await world.commctl('cluster upgrade status web --watch')
  assert.equal(status, 3)
  assert.match(stdout, /^192\.0\.2\.1: failed: no route to host$/m)
})

test('with -o the progress goes aside and the result is the operation', async () => {
  const { end, seen } = watching('cluster upgrade start web --watch -o json')
  await seen('Upgrade of web')
  await progress(finished())
  const { status, stdout, stderr } = await end
  assert.equal(status, 0)
  assert.equal(JSON.parse(stdout).status, 'finished')
  assert.match(stderr, /3 of 3 done/)
})

test('a server that is away for a while is waited for', async () => {
  const { end, seen } = watching('cluster upgrade start web --watch')
  await seen('Upgrade of web')
  await world.stop()
  await seen('The server does not answer; waiting for it.')
  await progress({ in_process: ['192.0.2.1'] })
  await world.restart()
  await seen('192.0.2.1: in process')
  await progress(finished())
  assert.equal((await end).status, 0)
})

test('Ctrl-C ends the watch, not the operation, and says how to come back', async () => {
  const controller = new AbortController()
  const { end, seen } = watching('cluster upgrade start web --watch', { signal: controller.signal })
  await seen('Upgrade of web')
  controller.abort()
  const { status, stderr } = await end
  assert.equal(status, 130)
  assert.match(
    stderr,
    /The operation goes on without you\. Watch it again with: commctl cluster upgrade status web --watch/,
  )
  assert.equal((await world.storage.get(ClusterUpgrade, 'web')).status, 'in_process')
})

test('there is nothing to watch where there is no operation', async () => {
  const { status, stdout } = await world.commctl('cluster deploy status web --watch')
  assert.deepEqual([status, stdout], [0, 'No object found.\n'])
})

test('on a terminal the progress is drawn in place', async () => {
  await world.commctl('cluster upgrade start web')
  await progress({ in_process: ['192.0.2.2'], upgraded: ['192.0.2.1'] })
  let text = ''
  const end = onTerminal(`${commandLine} cluster upgrade status web -w --interval 0.05`, {
    env: world.home.env,
    onOutput: (more) => (text += more),
  })
  await until(() => text.includes('▸ 192.0.2.2  in process'), 'the frame')
  await progress(finished())
  const { status, stdout } = await end
  assert.equal(status, 0)
  assert.match(stdout, /\[########>>>>>>>>--------\] {2}1 of 3/)
  assert.ok(stdout.includes('\u001b[4A'), 'the cursor goes back to the first of four lines')
  assert.match(stdout, /✓ 192\.0\.2\.3 {2}done[^\n]*\r?\n[^\n]*$/)
})

describe('a frame', () => {
  const many = Array.from({ length: 100 }, (_, index) => `host${index}`)
  const operation = {
    status: 'in_process',
    upgraded: many.slice(0, 40),
    in_process: ['host40', 'host41'],
    failures: { host42: 'the host\u001b[2J did not come back after its restart, which was waited for' },
    started_at: '2026-01-01T00:00:00.000000',
  }
  const now = Date.parse('2026-01-01T00:05:00Z')

  test('fits the terminal, and shows what matters first', () => {
    const frame = frameOf(progressOf(operation, { title: 'Upgrade of web', members: many }), {
      columns: 60,
      rows: 8,
      now,
    })
    assert.deepEqual(frame, [
      'Upgrade of web: in process  [#########>--------------]  40…',
      '  ▸ host40  in process',
      '  ▸ host41  in process',
      '  ✗ host42  failed: the host\\x1b[2J did not come back afte…',
      '  · host43  waiting',
      '    and 56 waiting, 40 done',
    ])
  })

  test('says below what else there is to say', () => {
    const progress = progressOf(
      { status: 'paused', reason: 'by ann' },
      { title: 'Deploy of web', members: ['a'] },
    )
    const frame = frameOf(progress, { columns: 80, rows: 24, note: 'The server is away.' })
    assert.deepEqual(frame.slice(1), ['  · a  waiting', 'The server is away.', 'by ann'])
  })

  test('of a cluster without hosts is no accident', () => {
    const progress = progressOf({ status: 'finished' }, { title: 'Restart of web', members: [] })
    assert.match(frameOf(progress, { columns: 80, rows: 24 })[0] ?? '', /\[#{24}\] {2}0 of 0$/)
    assert.equal(summaryOf(progress), 'Restart of web: finished, 0 of 0 done')
  })
})

test('a host that was done before the watch began is told of at its beginning', () => {
  const progress = progressOf(
    { status: 'in_process', restarted: ['a'] },
    { title: 'Restart of web', members: ['a', 'b'] },
  )
  assert.deepEqual(changesOf(progress, undefined), ['Restart of web: 2 hosts', 'a: done'])
  assert.deepEqual(changesOf(progress, progress), [])
})

test('a status that a newer server has is no end', () => {
  assert.equal(progressOf({ status: 'cooling_down' }, { title: 'x', members: [] }).over, false)
})
