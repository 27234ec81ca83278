/** The programs and flags that people and scripts know are there, under all their names. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { test } from 'vitest'

const root = resolve(import.meta.dirname, '..')

const service = [
  '-c, --config',
  '--no-config-file',
  '--bus-uri',
  '--bus-exchange',
  '--debug',
  '-h, --help',
  '-V, --version',
]
const shared = [...service, '--processes', '--health-listen']
const server = [
  ...service,
  '-i, --listen-interface',
  '-p, --listen-port',
  '--tls-pemfile',
  '--tls-clientverifyfile',
  '--authentication-plugin',
  '--self-auth',
]

/** What the help of each must name; the default configuration where it has one. */
const known: Record<string, readonly string[]> = {
  commctl: [
    'cluster',
    'host',
    'network',
    'container_manager',
    'passhash',
    'user-data',
    '--strict',
    '-o, --output',
  ],
  commissaire: [...server, '--data'],
  'commissaire-server': [...server, '/etc/commissaire/commissaire.conf'],
  'commissaire-storage-service': [...shared, '/etc/commissaire/storage.conf'],
  'commissaire-investigator-service': [...shared, '/etc/commissaire/investigator.conf'],
  'commissaire-watcher-service': [...shared, '/etc/commissaire/watcher.conf'],
  'commissaire-clusterexec-service': [...shared, '/etc/commissaire/clusterexec.conf'],
  'commissaire-containermgr-service': [...shared, '/etc/commissaire/containermgr.conf'],
  'commissaire-clustermgr-service': [...shared, '/etc/commissaire/containermgr.conf'],
}

const bins = globSync('apps/*/package.json', { cwd: root }).flatMap((file) => {
  const { bin = {} }: { bin?: Record<string, string> } = JSON.parse(readFileSync(join(root, file), 'utf8'))
  return Object.entries(bin).map(([name, path]) => [name, join(root, dirname(file), path)] as const)
})

const run = (path: string, ...words: string[]) => promisify(execFile)(process.execPath, [path, ...words])

test('these programs are installed, and no others', () => {
  assert.deepEqual(bins.map(([name]) => name).sort(), Object.keys(known).sort())
})

test.each(bins)(
  '%s explains itself, with all that is known of it',
  { timeout: 60_000 },
  async (name, path) => {
    const { stdout } = await run(path, '--help')
    // Long lines of the help are broken where they are full.
    const help = stdout.replaceAll(/\s+/g, ' ')
    for (const word of known[name] ?? []) assert.ok(help.includes(word), `${word} is missing:\n${stdout}`)
  },
)

test.each(bins)(
  '%s says its version, and refuses what it does not know with status 2',
  { timeout: 60_000 },
  async (_name, path) => {
    assert.match((await run(path, '--version')).stdout, /^\d+\.\d+\.\d+\n$/)
    await assert.rejects(run(path, '--no-such-flag'), { code: 2 })
  },
)

const servers = bins.filter(([name]) => name !== 'commctl')

test.each(servers)(
  '%s ends with status 2 where the file that is named is not there',
  { timeout: 60_000 },
  async (_name, path) => {
    for (const flag of ['-c', '--config', '--config-file'])
      await assert.rejects(run(path, flag, '/no/such.conf'), {
        code: 2,
        stderr: /\/no\/such\.conf: there is no such file/,
      })
  },
)
