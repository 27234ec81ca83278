/** Completion: what is offered where, and that the shells' scripts work in the shells. */
import { until } from '@commissaire/testing'
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { Cluster, Host, parseModel } from '@commissaire/models'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { commandLine, openWorld, run, type World } from './world.ts'

let world: World

beforeAll(async () => {
  world = await openWorld()
  for (const name of ['web', 'worker']) await world.storage.save(Cluster, parseModel(Cluster, { name }))
  await world.storage.save(Host, parseModel(Host, { address: '192.0.2.7' }))
})
afterAll(async () => world[Symbol.asyncDispose]())

async function offered(...words: string[]): Promise<string[]> {
  const { status, stdout, stderr } = await world.home.commctl(['__complete', ...words])
  assert.deepEqual([status, stderr], [0, ''])
  return stdout.split('\n').flatMap((line) => (line === '' ? [] : [line.split('\t')[0] ?? '']))
}

test.each([
  [
    [''],
    [
      'cluster',
      'operation',
      'schedule',
      'host',
      'network',
      'container_manager',
      'bus',
      'passhash',
      'token',
      'user-data',
      'completion',
    ],
  ],
  [['clu'], ['cluster']],
  [
    ['cluster', 'de'],
    ['delete', 'deploy'],
  ],
  [['-o', 'json', 'cluster', 'u'], ['upgrade']],
  [
    ['cluster', 'upgrade', ''],
    ['start', 'status'],
  ],
  [
    ['host', 'list', '-o', ''],
    ['table', 'json', 'yaml', 'name'],
  ],
  [['network', 'create', '-t', 'flannel_s'], ['flannel_server']],
  [['network', 'create', '-o', ''], []],
  [
    ['completion', ''],
    ['bash', 'zsh', 'fish'],
  ],
  [['cluster', 'upgrade', 'start', '--w'], ['--watch']],
  [['host', 'create', '192.0.2.7', ''], [':files']],
  [['--config', ''], [':files']],
  [['host', 'ssh', '192.0.2.7', 'c'], [':files']],
  [['cluster', 'list', ''], []],
])('after %j come %j', async (words, expected) => {
  assert.deepEqual(await offered(...words), expected)
})

test.each([
  [
    ['cluster', 'get', 'w'],
    ['web', 'worker'],
  ],
  [['cluster', 'delete', 'web', 'wo'], ['worker']],
  [['host', 'join', ''], ['192.0.2.7']],
  [['host', 'join', '192.0.2.7', 'we'], ['web']],
  [
    ['host', 'create', '-c', ''],
    ['web', 'worker'],
  ],
  [['cluster', 'create', '-n', ''], ['default']],
  [['container-manager', 'get', ''], []],
])('names come from the server: %j', async (words, expected) => {
  // A busy machine may need longer than somebody who pressed TAB would wait.
  const arrived = async () => isDeepStrictEqual(await offered(...words), expected)
  await until(arrived, `the offer of ${expected.join(', ')}`)
})

test('without a server there are no names, and no noise', async () => {
  const config = world.home.write('nowhere.json', {
    endpoint: 'http://127.0.0.1:9',
    username: 'a',
    password: 'a',
  })
  assert.deepEqual(await offered('--config', config, 'cluster', 'get', ''), [])
})

describe('the script', () => {
  const inShell = async (shell: string, script: string) => {
    const path = world.home.write('commctl', `#!/bin/sh\nexec ${commandLine} "$@"\n`, 0o700)
    const env = { ...world.home.env, PATH: `${world.home.path}:${world.home.env.PATH}`, TERM: 'dumb' }
    assert.ok(existsSync(path))
    return run(shell, ['-c', script], { env })
  }

  test('of bash is bash', async () => {
    const { stdout } = await world.commctl('completion bash')
    const { status, stderr } = await run('bash', ['-n'], { input: stdout })
    assert.deepEqual([status, stderr], [0, ''])
  })

  test('of bash completes in bash', async () => {
    const { stdout, stderr } = await inShell(
      'bash',
      `source <(commctl completion bash)
       complete -p commctl
       COMP_WORDS=(commctl cluster get w) COMP_CWORD=3
       _commctl
       printf '%s\\n' "\${COMPREPLY[@]}"`,
    )
    assert.equal(stdout, 'complete -F _commctl commctl\nweb\nworker\n', stderr)
  })

  test.each(['zsh', 'fish'])('of %s is %s, where that is installed', async (shell) => {
    const { status, stdout } = await world.commctl(`completion ${shell}`)
    assert.equal(status, 0)
    assert.match(stdout, /commctl __complete/)
    if (!existsSync(`/usr/bin/${shell}`)) return
    const file = world.home.write(`script.${shell}`, stdout)
    const checked = await run(shell, ['-n', file])
    assert.deepEqual([checked.status, checked.stderr], [0, ''])
  })

  test('of an unknown shell is refused with the known ones', async () => {
    const { status, stderr } = await world.commctl('completion tcsh')
    assert.equal(status, 2)
    assert.match(stderr, /Allowed choices are bash, zsh, fish/)
  })
})
