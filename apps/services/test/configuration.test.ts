/** Every way to get a service's configuration file wrong: said with file, key, value and remedy, before anything connects. */
import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { program as clusterexec } from '../src/clusterexec/program.ts'
import { program as containermgr } from '../src/containermgr/program.ts'
import { program as investigator } from '../src/investigator/program.ts'
import { program as storage } from '../src/storage/program.ts'
import { program as watcher } from '../src/watcher/program.ts'

const programs = { clusterexec, containermgr, investigator, storage, watcher }
const folder = mkdtempSync(join(tmpdir(), 'configuration-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Writes a configuration file; returns its path. */
function file(content: unknown): string {
  const path = join(folder, 'service.conf')
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

/** For each kind of setting: values that nobody can have meant, and the remedy that is told. */
const wrong: Record<string, readonly (readonly [value: unknown, remedy: RegExp])[]> = {
  text: [
    [7, /allowed: a string/],
    ['', /allowed: a text that is not empty/],
    [null, /allowed: a string/],
  ],
  seconds: [
    ['soon', /allowed: a number/],
    [0, /allowed: a number above 0/],
    [-5, /allowed: a number above 0/],
  ],
  count: [
    [0, /allowed: a number not below 1/],
    [1.5, /allowed: an int/],
    ['many', /allowed: a number/],
  ],
  port: [
    [0, /allowed: a number not below 1/],
    [65_536, /allowed: a number not above 65535/],
  ],
  flag: [['maybe', /allowed: a boolean/]],
  listen: [
    ['nowhere', /allowed: a port, or host:port, like 127\.0\.0\.1:9100/],
    ['127.0.0.1:99999', /allowed: a port, or host:port/],
    [true, /allowed: /],
  ],
  profile: [['dokcer', /allowed: .*"docker".*did you mean "docker"\?/]],
  list: [['sqlite', /allowed: an array/]],
  string: [[7, /allowed: a string/]],
}

const kinds: Record<string, keyof typeof wrong> = {
  bus_uri: 'text',
  bus_exchange: 'text',
  data_dir: 'text',
  vault_key_path: 'text',
  debug: 'flag',
  processes: 'count',
  concurrency: 'count',
  ssh_port: 'port',
  ssh_limit: 'count',
  health_listen: 'listen',
  profile: 'profile',
  storage_handlers: 'list',
}

/** What a setting takes of which nothing special is known: as its default is. */
function kindOf(standard = '""'): keyof typeof wrong {
  const value: unknown = JSON.parse(standard)
  if (Array.isArray(value)) return 'list'
  if (typeof value === 'number') return 'seconds'
  return typeof value === 'boolean' ? 'flag' : 'string'
}

function faultsOf(program: (typeof programs)[keyof typeof programs], path: string): string {
  try {
    program.settings(['--config', path], {})
  } catch (error) {
    return (error as Error).message
  }
  throw new Error(`${path} was taken`)
}

describe.for(Object.entries(programs))('%s', ([, program]) => {
  const { settings } = program.manual

  test.for(settings)(
    'says what is wrong with "$key", and what may be there',
    ({ key, default: standard }) => {
      const kind = kinds[key] ?? kindOf(standard)
      for (const [value, remedy] of wrong[kind] ?? []) {
        const path = file({ [key]: value })
        const fault = faultsOf(program, path)
        expect(fault).toContain(`${path}: "${key}" is ${JSON.stringify(value)}; `)
        expect(fault).toMatch(remedy)
      }
    },
  )

  test('says which key it does not know, and which was meant', () => {
    const path = file({ 'bus-url': 'redis://127.0.0.1/', proceses: 3 })
    const fault = faultsOf(program, path)
    expect(fault).toContain(`${path}: "bus-url" is no known key; allowed: bus_uri, `)
    expect(fault).toContain('did you mean "bus_uri"?')
    expect(fault).toContain('did you mean "processes"?')
  })

  test('says all that is wrong at once', () => {
    expect(faultsOf(program, file({ processes: 0, debug: 'x', nonsense: 1 })).split('\n')).toHaveLength(3)
  })

  test.for([
    ['{"debug": true,}', /is not JSON/],
    ['[]', /must be a JSON object, found an array/],
    ['', /is not JSON/],
  ] as const)('says that %j is no configuration', ([content, message]) => {
    const path = file(content)
    expect(faultsOf(program, path)).toMatch(message)
    expect(faultsOf(program, path)).toContain(path)
  })

  test('says that a file that was asked for is not there, and that a secret file cannot be read', () => {
    expect(faultsOf(program, '/no/such.conf')).toBe('/no/such.conf: there is no such file')
    expect(faultsOf(program, file({ bus_uri_file: '/no/such.secret' }))).toMatch(
      /"bus_uri_file" names the file \/no\/such\.secret, which cannot be read/,
    )
  })

  test('never shows the password of the bus', () => {
    const fault = faultsOf(program, file({ bus_uri: ['redis://:hunter2@127.0.0.1/'] }))
    expect(fault).not.toContain('hunter2')
  })
})

describe('as a process', { timeout: 60_000 }, () => {
  let listener: Server
  let connections = 0
  let busUri: string

  beforeAll(async () => {
    listener = createServer(() => (connections += 1))
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
    const bound = listener.address()
    busUri = `redis://127.0.0.1:${typeof bound === 'object' ? bound?.port : 0}/`
  })
  afterAll(() => listener.close())

  async function end(name: string, path: string): Promise<{ code: unknown; stderr: string }> {
    const bin = fileURLToPath(new URL(`../bin/${name}.js`, import.meta.url))
    const child: ChildProcess = spawn(process.execPath, [bin, '-c', path], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const code = new Promise((resolve) => child.once('exit', resolve))
    return { stderr: child.stderr ? await text(child.stderr) : '', code: await code }
  }

  test.for(Object.keys(programs))('%s ends with status 2 and has connected to nothing', async (name) => {
    const path = file({ bus_uri: busUri, processes: 'many' })
    const { code, stderr } = await end(name, path)
    expect(stderr).toBe(`commissaire-${name}-service: ${path}: "processes" is "many"; allowed: a number\n`)
    expect([code, connections]).toEqual([2, 0])
  })

  test('storage finds places that it cannot use before it connects', async () => {
    const open = join(folder, 'open.key')
    writeFileSync(open, '')
    chmodSync(open, 0o644)
    const blocked = join(open, 'data')
    const places = { data_dir: blocked, vault_key_path: open }
    const { code, stderr } = await end('storage', file({ bus_uri: busUri, ...places }))
    expect(stderr).toContain(`"data_dir" is "${blocked}"; ${blocked} cannot be used: ENOTDIR`)
    expect(stderr).toContain(`"vault_key_path" is "${open}", which others may read; run: chmod 600 ${open}`)
    expect([code, connections]).toEqual([2, 0])
  })
})
