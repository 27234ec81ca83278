/** `commctl user-data`: the file it writes, taken apart as cloud-init does, and what it refuses to put into one. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, test } from 'vitest'
import { partsOf } from '../../../test/end-to-end/cloud-init.ts'
import { multipart, partOf } from '../src/user-data/multipart.ts'
import { commandLine, Home, onTerminal, type Run } from './world.ts'

const home = new Home()
afterAll(() => home[Symbol.dispose]())

const endpoint = 'https://192.0.2.1:8000'
const run = (words: string, input = ''): Promise<Run> =>
  home.commctl(['user-data', ...words.split(' ')], { input })
const basic = (pair: string) => `Authorization: Basic ${Buffer.from(pair).toString('base64')}`

async function parts(words: string, input?: string) {
  const { status, stdout, stderr } = await run(words, input)
  assert.equal(status, 0, stderr)
  return partsOf(stdout)
}

const script = async (words: string, input?: string) => (await parts(words, input)).at(-1)?.content ?? ''

describe('the file', () => {
  test('has a part of cloud-config and a script, which is the last to run', async () => {
    const found = await parts(`-e ${endpoint} -u hosts -p -c web`, 'se"c:ret\n')
    assert.deepEqual(
      found.map(({ type, name }) => [type, name]),
      [
        ['text/cloud-config', 'cloud-config.txt'],
        ['text/x-shellscript', 'zz-commissaire-register'],
      ],
    )
    assert.match(found[0]?.content ?? '', /^#cloud-config\n/)
    const text = found[1]?.content ?? ''
    assert.match(text, /^#!\/bin\/sh\n/)
    assert.ok(text.includes(`endpoints='${endpoint}'\ncluster='web'\nremote_user='root'\n`))
    assert.ok(text.includes(basic('hosts:se"c:ret')))
    assert.doesNotMatch(text, /se"c:ret/)
  })

  test('goes into a file that only its owner may read, also where one was that others could', async () => {
    const out = home.write('user-data', 'old and longer than nothing', 0o644)
    const { status, stdout } = await run(`-e ${endpoint} -u hosts -p -o ${out}`, 'secret')
    assert.deepEqual([status, stdout], [0, ''])
    assert.equal(statSync(out).mode & 0o777, 0o600)
    assert.equal(partsOf(readFileSync(out, 'utf8')).length, 2)
    const fresh = join(home.path, 'fresh')
    await run(`-e ${endpoint} -u hosts -p --outfile ${fresh}`, 'secret')
    assert.equal(statSync(fresh).mode & 0o777, 0o600)
  })

  test('names all endpoints, the user, and the places of keys', async () => {
    const text = await script(
      `-e ${endpoint}/ -e https://[2001:db8::1]/x/ -u a -p -r ops.1 -s /srv/it's -a /srv/keys`,
      'secret',
    )
    assert.ok(text.includes(`endpoints='${endpoint} https://[2001:db8::1]/x'`))
    assert.ok(text.includes("remote_user='ops.1'"))
    assert.ok(text.includes(String.raw`key='/srv/it'\''s'`))
    assert.ok(text.includes("authorized_keys='/srv/keys'"))
  })

  test('carries the authorities, and nothing else of the file that has them', async () => {
    const pem = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'
    const file = home.write('ca.pem', `-----BEGIN PRIVATE KEY-----\nBBBB\n-----END PRIVATE KEY-----\n${pem}`)
    const text = await script(`-e ${endpoint} --ca-file ${file}`)
    assert.ok(text.includes(pem.trim()))
    assert.doesNotMatch(text, /BBBB/)
  })

  test.each([
    ['#cloud-config\nhostname: web\n', 'text/cloud-config'],
    ['hostname: web\n', 'text/cloud-config'],
    ['#!/bin/sh\necho hello\n', 'text/x-shellscript'],
    ['#cloud-boothook\n', 'text/cloud-boothook'],
    ['#include\nhttps://192.0.2.1/more\n', 'text/x-include-url'],
    ['#cloud-config-archive\n[]\n', 'text/cloud-config-archive'],
    ['#cloud-config\nlocale: "é’ √"\n', 'text/cloud-config'],
    ['#!/bin/sh\n# ', 'text/x-shellscript', 'long '.repeat(400)],
    ['#cloud-config\r\nhostname: web\r\n', 'text/cloud-config'],
  ])('carries what begins with %j along unchanged, as %s', (begin, type, rest = '') => {
    const content = begin + rest
    assert.deepEqual(partsOf(multipart([partOf('carried file', content)])), [
      { type, name: 'carried_file', content },
    ])
  })

  test('carries a file along that has several parts itself', async () => {
    const first = await run(`-e ${endpoint}`)
    const file = home.write('several', first.stdout)
    const found = await parts(`-e ${endpoint} -C ${file}`)
    assert.deepEqual(
      found.map(({ type }) => type),
      ['text/cloud-config', 'text/x-shellscript', 'text/x-shellscript'],
    )
  })

  test('has a script that every shell understands', async () => {
    const file = join(home.path, 'script')
    writeFileSync(file, await script(`-e ${endpoint} -c web`))
    for (const shell of [['sh'], ['bash'], ['dash'], ['busybox', 'sh']]) {
      const { status, stderr } = spawnSync(shell[0] ?? '', [...shell.slice(1), '-n', file], {
        encoding: 'utf8',
      })
      assert.equal(status, 0, `${shell.join(' ')}: ${stderr}`)
    }
  })
})

describe('the password', () => {
  test('is asked for on a terminal, and not shown', async () => {
    const out = join(home.path, 'asked')
    const { status, stdout } = await onTerminal(
      `${commandLine} user-data -e ${endpoint} -u ann -p -o ${out}`,
      {
        env: home.env,
        typed: [['Password: ', 'hunter2\r']],
      },
    )
    assert.equal(status, 0)
    assert.doesNotMatch(stdout, /hunter2/)
    assert.ok(readFileSync(out, 'utf8').includes(basic('ann:hunter2')))
  })

  test('is warned of where it would go over the wire for all to read', async () => {
    const { status, stderr } = await run('-e http://192.0.2.1:8000 -u ann -p', 'secret')
    assert.equal(status, 0)
    assert.match(stderr, /http:\/\/192\.0\.2\.1:8000 is not encrypted.*Use https\./)
    assert.doesNotMatch(stderr, /secret/)
  })

  test('may be left out with the name, which is told of', async () => {
    const { status, stdout, stderr } = await run(`-e ${endpoint}`)
    assert.equal(status, 0)
    assert.doesNotMatch(stdout, /Authorization/)
    assert.match(stderr, /shows no credentials/)
  })
})

test.each([
  ['-c web', /-e is missing: the URL/],
  ['-e 192.0.2.1:8000', /no endpoint/],
  ['-e ftp://192.0.2.1', /must begin with http/],
  ['-e https://ann:secret@192.0.2.1', /an address alone: give the name with -u/],
  [`-e ${endpoint} -p`, /-p needs -u/],
  [`-e ${endpoint} -u ann`, /-u needs -p/],
  [`-e ${endpoint} -u an:n -p`, /holds a ":"/],
  [`-e ${endpoint} -u ann -p`, /The password is empty/],
  [`-e ${endpoint} -c we"b`, /-c "we"b" must be letters/],
  [`-e ${endpoint} -r $(reboot)`, /-r "\$\(reboot\)" must be the name of a user/],
  [`-e ${endpoint} -s .ssh/key`, /-s "\.ssh\/key" must be the whole path/],
  [`-e ${endpoint} -a /etc/keys/`, /-a "\/etc\/keys\/" must be the whole path/],
  [`-e ${endpoint} -C /nowhere`, /\/nowhere could not be read/],
  [`-e ${endpoint} -C ${process.execPath}`, /is not text/],
  [`-e ${endpoint} --ca-file /etc/hostname`, /holds no certificate/],
  [`-e ${endpoint} -o /nowhere/at/all`, /\/nowhere\/at\/all could not be written/],
])('%s is refused with status 2, and nothing is written', async (words, message) => {
  const { status, stdout, stderr } = await run(words)
  assert.deepEqual([status, stdout], [2, ''])
  assert.match(stderr, message)
  assert.doesNotMatch(stderr, /secret/)
})
