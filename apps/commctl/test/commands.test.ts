/** Every command that talks to the server, against the real one: what it does, what it prints, how it ends. */
import assert from 'node:assert/strict'
import { Host, parseModel, timestamp } from '@commissaire/models'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { openWorld, type World } from './world.ts'

let world: World
const key = '-----BEGIN OPENSSH PRIVATE KEY-----\nnone\n-----END OPENSSH PRIVATE KEY-----\n'

beforeAll(async () => {
  world = await openWorld()
})
afterAll(async () => world[Symbol.asyncDispose]())

async function addHost(address: string, attributes: object = {}): Promise<void> {
  await world.storage.save(Host, parseModel(Host, { address, status: 'disassociated', ...attributes }))
}

describe('cluster', () => {
  test('create, get, list and delete print what people know', async () => {
    const created = await world.commctl('cluster create -n default web')
    assert.equal(created.status, 0, created.stderr)
    assert.match(created.stdout, /^bootstrap: ''\ncontainer_manager: ''\n/)
    const got = await world.commctl('cluster get web')
    assert.match(got.stdout, /^hosts:\n {2}available: 0\n {2}total: 0\n {2}unavailable: 0$/m)
    assert.match(got.stdout, /^name: web$/m)
    assert.deepEqual(await world.commctl('cluster list'), { status: 0, stdout: 'web\n', stderr: '' })
    assert.deepEqual(await world.commctl('cluster delete web'), {
      status: 0,
      stdout: 'Success\n',
      stderr: '',
    })
  })

  test('an empty list prints as Success, and as [] for programs', async () => {
    assert.equal((await world.commctl('cluster list')).stdout, 'Success\n')
    assert.equal((await world.commctl('cluster list -o json')).stdout, '[]\n')
    assert.equal((await world.commctl('cluster list -o yaml')).stdout, '[]\n')
    assert.equal((await world.commctl('cluster list -o name')).stdout, '')
    assert.match((await world.commctl('cluster list -o table')).stdout, /^NAME +STATUS +HOSTS/)
  })

  test('a cluster that is not there prints as No object found. with status 0, and 4 with --strict', async () => {
    assert.deepEqual(await world.commctl('cluster get nowhere'), {
      status: 0,
      stdout: 'No object found.\n',
      stderr: '',
    })
    assert.equal((await world.commctl('cluster get nowhere --strict')).status, 4)
    assert.equal((await world.commctl('--strict cluster get nowhere')).status, 4)
    const json = await world.commctl('cluster get nowhere -o json')
    assert.deepEqual(json, { status: 0, stdout: 'null\n', stderr: 'No object found.\n' })
  })

  test('deleting several says of each what became of it', async () => {
    await world.commctl('cluster create one')
    await world.commctl('cluster create two')
    const deleted = await world.commctl('cluster delete one nowhere two')
    assert.deepEqual(deleted, { status: 0, stdout: 'Success\nNo object found.\nSuccess\n', stderr: '' })
    assert.equal((await world.commctl('cluster delete one --strict')).status, 4)
  })

  test('the server has the last word, and its reason is shown', async () => {
    const refused = await world.commctl('cluster create bad.name')
    assert.equal(refused.status, 2)
    assert.match(
      refused.stderr,
      /^commctl: Unable to put \/api\/v0\/cluster\/bad\.name: .*\(400 Bad Request\)/,
    )
    assert.match(refused.stderr, /must be one or more of letters/)
  })

  test('as a table it shows each cluster with its hosts', async () => {
    await world.commctl('cluster create web')
    await addHost('192.0.2.1')
    await world.commctl('host join 192.0.2.1 web')
    const { stdout } = await world.commctl('cluster list -o table')
    assert.match(stdout, /^web +ok +1 +1 +0 +default +-$/m)
    await world.commctl('cluster delete web')
    await world.commctl('host delete 192.0.2.1')
  })
})

describe('operations', () => {
  test.each(['upgrade', 'restart'])('%s start begins it, and status shows it', async (kind) => {
    await world.commctl('cluster create web')
    const none = await world.commctl(`cluster ${kind} status web`)
    assert.equal(none.stdout, 'No object found.\n')
    const started = await world.commctl(`cluster ${kind} start web`)
    assert.match(started.stdout, /^status: in_process$/m)
    assert.match((await world.commctl(`cluster ${kind} status web`)).stdout, /^status: in_process$/m)
    assert.match((await world.commctl(`cluster ${kind} status web -o table`)).stdout, /^NAME +STATUS +DONE/)
  })

  test('deploy start wants a version', async () => {
    assert.equal((await world.commctl('cluster deploy start web')).status, 2)
    const started = await world.commctl('cluster deploy start web 7.2.6')
    assert.match(started.stdout, /^version: 7\.2\.6$/m)
    assert.match((await world.commctl('cluster deploy status web')).stdout, /^version: 7\.2\.6$/m)
  })

  test('an operation on a cluster that is not there is no object', async () => {
    assert.equal((await world.commctl('cluster upgrade start nowhere')).stdout, 'No object found.\n')
  })
})

describe('host', () => {
  test('create takes a key file, and shows the host', async () => {
    const file = world.home.write('key', key)
    const created = await world.commctl(`host create 192.0.2.10 ${file}`)
    assert.equal(created.status, 0, created.stderr)
    assert.match(created.stdout, /^address: 192\.0\.2\.10$/m)
    assert.doesNotMatch(created.stdout, /PRIVATE|LS0t/)
  })

  test('create takes the key from standard input, and a name for an address', async () => {
    const created = await world.commctl('host create localhost -', { input: key })
    assert.equal(created.status, 0, created.stderr)
    assert.match(created.stdout, /^address: 127\.0\.0\.1$/m)
    assert.match((await world.commctl('host get localhost')).stdout, /^address: 127\.0\.0\.1$/m)
    assert.equal((await world.commctl('host delete localhost')).stdout, 'Success\n')
  })

  test('plan shows each step, and in a table only those', async () => {
    await addHost('192.0.2.20')
    const all = await world.commctl('host plan 192.0.2.20')
    assert.match(all.stdout, /^profile: docker$/m)
    assert.match(all.stdout, /state: would_do$/m)
    const { stdout } = await world.commctl('host plan 192.0.2.20 -o table')
    assert.match(stdout, /^STEP +STATE +ACTION +REASON\ndocker is installed +would do +installs docker\.io/)
    assert.equal((await world.commctl('host plan 192.0.2.99')).stdout, 'No object found.\n')
    await world.commctl('host delete 192.0.2.20')
  })

  test('a table says which hosts need a reboot, and how many of a cluster', async () => {
    await addHost('192.0.2.21', { reboot: { needed: 'yes', reason: 'the system asks for it' } })
    await world.commctl('cluster create -b containerd rebooted')
    await world.commctl('host join 192.0.2.21 rebooted')
    assert.match((await world.commctl('host get 192.0.2.21 -o table')).stdout, /REBOOT[^\n]*\n.* yes /)
    assert.match((await world.commctl('host get 192.0.2.21')).stdout, /^ {2}reason: the system asks for it$/m)
    const got = await world.commctl('cluster get rebooted')
    assert.match(got.stdout, /^bootstrap: containerd$/m)
    assert.match(
      got.stdout,
      /^reboot_needed:\n {2}'no': 0\n {2}not_applicable: 0\n {2}unknown: 0\n {2}'yes': 1$/m,
    )
    await world.commctl('cluster delete rebooted')
    await world.commctl('host delete 192.0.2.21')
  })

  test('create with another key for the same address is a conflict', async () => {
    const refused = await world.commctl('host create 192.0.2.10 -', { input: key.replace('none', 'more') })
    assert.equal(refused.status, 2)
    assert.match(refused.stderr, /409 Conflict/)
  })

  test('create in a cluster that is not there is refused', async () => {
    const refused = await world.commctl('host create -c nowhere 192.0.2.11 -', { input: key })
    assert.equal(refused.status, 2)
    assert.match(refused.stderr, /nowhere/)
  })

  test.each([
    ['', /Standard input is empty/],
    ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI me\n', /is a public key/],
    ['hello', /holds no private key/],
    ['-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n', /protected by a passphrase/],
  ])('create refuses a key that could never work: %j', async (input, message) => {
    const refused = await world.commctl('host create 192.0.2.12 -', { input })
    assert.equal(refused.status, 2)
    assert.match(refused.stderr, message)
  })

  test('create says when the key file or the name is not there', async () => {
    assert.match(
      (await world.commctl('host create 192.0.2.12 /nowhere/key')).stderr,
      /\/nowhere\/key could not be read/,
    )
    const unknown = await world.commctl('host create no.such.host.invalid -', { input: key })
    assert.equal(unknown.status, 2)
    assert.match(unknown.stderr, /no\.such\.host\.invalid: the name could not be resolved/)
  })

  test('list shows all hosts whole, or the addresses of a cluster', async () => {
    await world.commctl('cluster create web')
    await addHost('192.0.2.20')
    assert.deepEqual(await world.commctl('host join 192.0.2.20 web'), {
      status: 0,
      stdout: '192.0.2.20\n',
      stderr: '',
    })
    assert.equal((await world.commctl('host list web')).stdout, '192.0.2.20\n')
    assert.match(
      (await world.commctl('host list')).stdout,
      /^- address: 192\.0\.2\.10\n( {2}.*\n)* {2}cpus: 0$/m,
    )
    assert.equal((await world.commctl('host list -o name')).stdout, '192.0.2.10\n192.0.2.20\n')
    assert.equal((await world.commctl('host list nowhere')).stdout, 'No object found.\n')
  })

  test('as a table it shows numbers as people read them', async () => {
    await addHost('192.0.2.30', {
      status: 'active',
      os: 'fedora',
      cpus: 2,
      memory: 8_388_608,
      space: 52_428_800,
      last_check: timestamp(new Date(Date.now() - 120_500)),
    })
    const { stdout } = await world.commctl('host get 192.0.2.30 -o table')
    assert.match(stdout, /^ADDRESS +STATUS +OS +CPUS +MEMORY +SPACE +LAST CHECK +REBOOT +REASON\n/)
    assert.match(stdout, /^192\.0\.2\.30 +active +fedora +2 +8\.0 GiB +50 GiB +2 min ago +unknown +-$/m)
    assert.match((await world.commctl('host list web -o table')).stdout, /^192\.0\.2\.20 +active/m)
  })

  test('status shows the host and its container manager', async () => {
    const { stdout } = await world.commctl('host status 192.0.2.20')
    assert.match(
      stdout,
      /^container_manager: \{\}\nhost:\n {2}last_check: ''\n {2}status: active\ntype: host_only$/m,
    )
  })

  test('unjoin takes it out of the cluster, and only once', async () => {
    assert.deepEqual(await world.commctl('host unjoin 192.0.2.20 web'), {
      status: 0,
      stdout: 'Success\n',
      stderr: '',
    })
    assert.equal((await world.commctl('host list web')).stdout, 'Success\n')
  })

  test('a host that is not ready may not join, and the reason is shown', async () => {
    const refused = await world.commctl('host join 192.0.2.10 web')
    assert.equal(refused.status, 2)
    assert.match(refused.stderr, /Not ready to join cluster "web": 192\.0\.2\.10/)
  })

  test('delete forgets several', async () => {
    assert.equal((await world.commctl('host delete 192.0.2.10 192.0.2.20')).stdout, 'Success\nSuccess\n')
    assert.equal((await world.commctl('host get 192.0.2.10')).stdout, 'No object found.\n')
  })
})

describe('network', () => {
  test('create takes its options with -o, as JSON', async () => {
    const words = [
      'network',
      'create',
      '-t',
      'flannel_server',
      '-o',
      '{"address": "192.0.2.1:8472"}',
      'overlay',
    ]
    const created = await world.home.commctl([...words, '--output', 'json'])
    assert.equal(created.status, 0, created.stderr)
    assert.deepEqual(JSON.parse(created.stdout), {
      name: 'overlay',
      type: 'flannel_server',
      options: { address: '192.0.2.1:8472' },
    })
  })

  test('-o before the word is the output format even there', async () => {
    const got = await world.commctl(
      '-o json network create -o address=192.0.2.1:8472 -t flannel_server overlay',
    )
    assert.equal(JSON.parse(got.stdout).name, 'overlay')
  })

  test('get, list and delete', async () => {
    assert.match((await world.commctl('network get overlay')).stdout, /^options:\n {2}address: /m)
    assert.equal((await world.commctl('network list')).stdout, 'default\noverlay\n')
    assert.match(
      (await world.commctl('network list -o table')).stdout,
      /^overlay +flannel_server +\{"address"/m,
    )
    assert.equal((await world.commctl('network delete overlay')).stdout, 'Success\n')
  })

  test('an unknown type and broken JSON are refused', async () => {
    assert.match((await world.commctl('network create -t flanel n')).stderr, /flannel_etcd/)
    const broken = await world.home.commctl(['network', 'create', '-o', "{'a': 1}", 'n'])
    assert.equal(broken.status, 2)
    assert.match(broken.stderr, /is not JSON/)
  })
})

describe('container_manager', () => {
  test.each(['container_manager', 'container-manager', 'containermanager'])(
    '%s makes, shows, lists and deletes',
    async (word) => {
      const created = await world.commctl(
        `${word} create -t kubernetes -o server_url=https://192.0.2.1:6443 -o token=abc production`,
      )
      assert.equal(created.status, 0, created.stderr)
      assert.match(
        (await world.commctl(`${word} get production`)).stdout,
        /server_url: https:\/\/192\.0\.2\.1:6443/,
      )
      assert.equal((await world.commctl(`${word} list`)).stdout, 'production\n')
      const table = (await world.commctl(`${word} list -o table`)).stdout
      assert.match(table, /^production +kubernetes +https:\/\/192\.0\.2\.1:6443$/m)
      assert.equal((await world.commctl(`${word} delete production`)).stdout, 'Success\n')
    },
  )

  test('an option that is neither KEY=VALUE nor JSON is refused', async () => {
    const refused = await world.commctl('container_manager create -o nonsense x')
    assert.equal(refused.status, 2)
    assert.match(refused.stderr, /neither KEY=VALUE/)
  })
})

describe('usage', () => {
  test.each([
    ['clustr list', /Did you mean cluster/],
    ['host lsit', /Did you mean list/],
    ['host list --outptu json', /Did you mean --output/],
    ['host list -o jsno', /Allowed choices are table, json, yaml, name/],
    ['host create 192.0.2.1', /missing required argument 'KEYFILE'/],
    ['host list --timeout never', /--timeout is "never"; it must be a number of seconds/],
    ['cluster get a b', /too many arguments/],
  ])('%s ends with 2 and says what was meant', async (words, message) => {
    const { status, stdout, stderr } = await world.commctl(words)
    assert.equal(status, 2)
    assert.equal(stdout, '')
    assert.match(stderr, message)
  })

  test.each(['host list -o json', 'host -o json list', '-o json host list'])(
    'the place of -o does not matter: %s',
    async (words) => {
      assert.ok(Array.isArray(JSON.parse((await world.commctl(words)).stdout)))
    },
  )

  test.each([
    '--help',
    'host --help',
    'host create --help',
    'help host create',
    'cluster deploy start -h',
    'passhash --help',
  ])('%s explains with examples', async (words) => {
    const { status, stdout } = await world.commctl(words)
    assert.equal(status, 0)
    assert.match(stdout, /Usage: commctl/)
    assert.match(stdout, /Examples:\n {2}\$ commctl/)
  })

  test.each(['--version', '-V', '--strict --version'])('%s prints the version', async (word) => {
    const { status, stdout } = await world.commctl(word)
    assert.equal(status, 0)
    assert.match(stdout, /^\d+\.\d+\.\d+\n$/)
  })

  test('no words at all show the help and end with 2', async () => {
    const { status, stderr } = await world.home.commctl([])
    assert.equal(status, 2)
    assert.match(stderr, /Usage: commctl/)
  })
})
