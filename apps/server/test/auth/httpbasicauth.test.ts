/** Users and their hashes, from the configuration and from a file. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hash as bcrypt } from 'bcryptjs'
import type { FastifyRequest } from 'fastify'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Authenticator, Identity } from '../../src/auth/authenticator.ts'
import { open } from '../../src/auth/plugins/httpbasicauth.ts'
import { basic } from '../world.ts'

let folder: string
let users: Record<string, { hash: string }>

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'commissaire-users-'))
  users = { alice: { hash: await bcrypt('wonder', 4) } }
})

afterAll(() => rm(folder, { recursive: true }))

function login(authenticator: Authenticator, user: string, password: string): Promise<Identity | undefined> {
  const credentials = { headers: basic(user, password), request: {} as FastifyRequest }
  return authenticator.authenticate(credentials, { signal: AbortSignal.timeout(5000) })
}

async function file(name: string, content: string): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, content)
  return path
}

test('users of the configuration and users of the file may in', async () => {
  const bob = { bob: { hash: await bcrypt('builder', 4) } }
  const filepath = await file('users.json', JSON.stringify(bob))
  const authenticator = await open({ users, filepath })
  expect(await login(authenticator, 'alice', 'wonder')).toMatchObject({ user: 'alice' })
  expect(await login(authenticator, 'bob', 'builder')).toMatchObject({ user: 'bob' })
  expect(await login(authenticator, 'bob', 'wonder')).toBeUndefined()
  await authenticator.close?.()
})

test.each([
  ['mallory', 'wonder'],
  ['alice', ''],
  ['alice', 'Wonder'],
  ['', 'wonder'],
  ['constructor', 'x'],
  ['__proto__', 'x'],
])('%s with the password "%s" may not', async (user, password) => {
  const authenticator = await open({ users })
  expect(await login(authenticator, user, password)).toBeUndefined()
  await authenticator.close?.()
})

test('a request without the header, or with another scheme, is nobody', async () => {
  const authenticator = await open({ users })
  const signal = AbortSignal.timeout(5000)
  for (const headers of [{}, { authorization: 'Bearer abc' }]) {
    expect(
      await authenticator.authenticate({ headers, request: {} as FastifyRequest }, { signal }),
    ).toBeUndefined()
  }
})

test('a file that is not there, or not as it should be, is said by name, and no hash is quoted', async () => {
  await expect(open({ filepath: '/nowhere/users.json' })).rejects.toThrow(
    'is "/nowhere/users.json", which cannot be read (ENOENT)',
  )
  const broken = await file('broken.json', '{')
  await expect(open({ filepath: broken })).rejects.toThrow(`is "${broken}", which does not list users as`)
  const plain = await file('plain.json', '{"alice": {"hash": "hunter2"}}')
  await expect(open({ filepath: plain })).rejects.toThrow('"alice.hash" must be bcrypt')
  await expect(open({ filepath: plain })).rejects.not.toThrow('hunter2')
  const list = await file('list.json', '[]')
  await expect(open({ filepath: list })).rejects.toThrow('must be an object, is a list')
})

test.each([[{}], [{ users: {} }], [{ path: 'x' }], [{ users: { a: 'x' } }], [7]])(
  'options %j are refused',
  async (options) => {
    await expect(open(options)).rejects.toMatchObject({ code: 'CONFIG' })
  },
)
