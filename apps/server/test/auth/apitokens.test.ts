/** Tokens of our own, from a file that changes while the server runs. */
import { createHash } from 'node:crypto'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openAuthentication } from '../../src/auth/authentication.ts'
import { openAuthenticators } from '../../src/auth/plugin-loader.ts'
import { OpenshiftDouble } from '../doubles/openshift-double.ts'
import { type LogLine, openWorld, recordingLog, type World } from '../world.ts'

const token = `ctk_${'a1'.repeat(22)}`
const hashOf = (text: string) => createHash('sha256').update(text).digest('hex')
const entry = { hash: hashOf(token), role: 'operator' }

let folder: string
let filepath: string
let world: World | undefined
let lines: LogLine[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'commissaire-tokens-'))
  filepath = join(folder, 'tokens.json')
})
afterEach(async () => {
  await world?.[Symbol.asyncDispose]()
  world = undefined
  await rm(folder, { recursive: true })
})

const write = (content: unknown) => writeFile(filepath, JSON.stringify(content))

async function serve(...before: { name: string }[]) {
  const recording = recordingLog()
  lines = recording.lines
  const auth = await openAuthentication([...before, { name: 'apitokens', filepath }], recording)
  world = await openWorld({ auth, log: recording.log })
}

async function ask(shown = token, url = '/clusters'): Promise<number | undefined> {
  const headers = { authorization: `Bearer ${shown}` }
  return (await world?.app.inject({ url: `/api/v0${url}`, headers }))?.statusCode
}

test('a token lets in under its name, with its role', async () => {
  await write({ ci: entry })
  await serve()
  expect([await ask(), await ask(token, '/host/x/creds')]).toEqual([200, 403])
  expect(lines.findLast(({ sentence }) => sentence === 'Answered')?.facts['user']).toBe('ci')
  expect(JSON.stringify(lines)).not.toContain(token)
})

test.each(['ctk_', 'ctk_wrong', 'a1a1', hashOf(token)])('%s is denied', async (shown) => {
  await write({ ci: entry })
  await serve()
  expect(await ask(shown)).toBe(403)
})

test('a token is good until its time', async () => {
  const at = (ms: number) => ({ ...entry, expires: new Date(Date.now() + ms).toISOString() })
  await write({ ci: at(60_000) })
  await serve()
  expect(await ask()).toBe(200)
  await write({ ci: at(-1) })
  expect(await ask()).toBe(403)
})

test('a token that is taken out of the file is good for nothing at once, and a new one counts at once', async () => {
  await write({ ci: entry })
  await serve()
  expect(await ask()).toBe(200)
  const other = join(folder, 'other.json')
  await writeFile(other, JSON.stringify({ cd: { ...entry, hash: hashOf('ctk_new') } }))
  await rename(other, filepath)
  expect([await ask(), await ask('ctk_new')]).toEqual([403, 200])
})

test('while the file is broken or gone no token counts, the log says why, and clients hear that it may pass', async () => {
  await write({ ci: entry })
  await serve()
  await writeFile(filepath, '{"ci": ')
  expect(await ask()).toBe(503)
  await rm(filepath)
  expect(await ask()).toBe(503)
  const reasons = lines.flatMap(({ facts }) => facts['reason'] ?? []).map(String)
  expect(reasons).toEqual([expect.stringContaining('it is not JSON'), expect.stringContaining('(ENOENT)')])
  await write({ ci: entry })
  expect(await ask()).toBe(200)
})

test.each([
  [{ ci: { ...entry, role: 'root' } }, 'role'],
  [{ ci: { hash: entry.hash } }, 'role'],
  [{ ci: { ...entry, hash: 'ctk_plain' } }, 'SHA-256'],
  [{ ci: { ...entry, expires: 'soon' } }, 'must be a time like'],
  [{ ci: { ...entry, expiers: '2027-01-31T00:00:00Z' } }, 'expiers'],
  [[], 'which does not list tokens'],
])('the server does not start with %j', async (content, message) => {
  await write(content)
  const { log } = recordingLog()
  const opening = openAuthenticators([{ name: 'apitokens', filepath }], { log })
  await expect(opening).rejects.toThrow(message)
  await expect(opening).rejects.not.toThrow('ctk_plain')
})

test('a token of ours is not shown to OpenShift, also where that is asked first', async () => {
  await using openshift = await new OpenshiftDouble({}).listen()
  await write({ ci: entry })
  const plugin = { name: 'openshiftbearertokenauth', 'openshift-endpoint': openshift.url }
  await serve(plugin)
  expect([await ask(), openshift.asked]).toEqual([200, []])
})
