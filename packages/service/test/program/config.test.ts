import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, test } from 'vitest'
import { z } from 'zod'
import { ConfigError, loadConfig } from '../../src/index.ts'

const directory = mkdtempSync(join(tmpdir(), 'config-'))
afterAll(() => rmSync(directory, { recursive: true }))

const handler = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('etcd'), server_url: z.string(), password: z.string().optional() }),
  z.strictObject({ type: z.literal('memory') }),
])

const schema = z.object({
  bus_uri: z.string().default('redis://127.0.0.1:6379/'),
  debug: z.boolean().default(false),
  listen_port: z.int().min(1).max(65_535).default(8000),
  token: z.string().optional(),
  storage_handlers: z.array(handler).default([]),
  labels: z.record(z.string(), z.string()).default({}),
})

let files = 0

function file(content: unknown): string {
  const path = join(directory, `${++files}.conf`)
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

function load(content: unknown, rest: Parameters<typeof loadConfig>[1] = {}): z.output<typeof schema> {
  return loadConfig(schema, { environment: {}, file: file(content), ...rest })
}

function faults(act: () => unknown): readonly string[] {
  try {
    act()
  } catch (error) {
    if (error instanceof ConfigError)
      return error.faults.map((fault) => fault.replaceAll(`${directory}/`, ''))
    throw error
  }
  throw new Error('nothing was found wrong')
}

test('without a file, an environment and flags there are the defaults', () => {
  assert.deepEqual(loadConfig(schema, { environment: {} }), {
    bus_uri: 'redis://127.0.0.1:6379/',
    debug: false,
    listen_port: 8000,
    storage_handlers: [],
    labels: {},
  })
})

test('a flag goes before the environment, the environment before the file, the file before the default', () => {
  const content = { bus_uri: 'memory://file', listen_port: 1, token: 'file' }
  const environment = { COMMISSAIRE_BUS_URI: 'memory://environment', COMMISSAIRE_LISTEN_PORT: '2' }
  const settings = load(content, { environment, flags: { bus_uri: 'memory://flag' } })
  assert.deepEqual(
    [settings.bus_uri, settings.listen_port, settings.token, settings.debug],
    ['memory://flag', 2, 'file', false],
  )
})

test('keys may be written with - or _, also further down', () => {
  const content = {
    'bus-uri': 'memory://x',
    'storage-handlers': [{ type: 'etcd', 'server-url': 'http://e' }],
  }
  const settings = load(content)
  assert.equal(settings.bus_uri, 'memory://x')
  assert.deepEqual(settings.storage_handlers, [{ type: 'etcd', server_url: 'http://e' }])
})

test("keys that are the operator's own words stay as they are", () => {
  assert.deepEqual(load({ labels: { 'rack-1': 'a', rack_2: 'b' } }).labels, { 'rack-1': 'a', rack_2: 'b' })
})

test('the same key in both spellings is an error', () => {
  assert.deepEqual(
    faults(() => load({ 'bus-uri': 'a', bus_uri: 'b' })),
    [`${files}.conf: "bus_uri" is the same setting as another key`],
  )
})

test('an unknown key is an error that names the file, the key, what is allowed, and what was meant', () => {
  const [fault] = faults(() => load({ bus_urj: 'x' }))
  const allowed = 'bus_uri, debug, listen_port, token, storage_handlers, labels'
  assert.equal(
    fault,
    `${files}.conf: "bus_urj" is no known key; allowed: ${allowed}; did you mean "bus_uri"?`,
  )
})

test('a wrong word is an error that names its place, what was found, and what was meant', () => {
  const [fault] = faults(() => load({ storage_handlers: [{ type: 'memory' }, { type: 'etdc' }] }))
  assert.equal(
    fault,
    `${files}.conf: "storage_handlers[1].type" is "etdc"; allowed: "etcd", "memory"; did you mean "etcd"?`,
  )
})

test('an unknown key further down is told what is allowed there', () => {
  const [fault] = faults(() =>
    load({ storage_handlers: [{ type: 'etcd', server_url: 'x', server_urls: 'y' }] }),
  )
  const hint = 'allowed: type, server_url, password; did you mean "server_url"?'
  assert.equal(fault, `${files}.conf: "storage_handlers[0].server_urls" is no known key; ${hint}`)
})

test('every fault is reported, each with its source', () => {
  const environment = { COMMISSAIRE_LISTEN_PORT: 'eighty', COMMISSAIRE_DEBUG: 'perhaps' }
  const found = faults(() => load({ labels: [] }, { environment, flags: { bus_uri: 7 } }))
  assert.deepEqual(found, [
    '--bus-uri is 7; allowed: a string',
    'COMMISSAIRE_DEBUG is "perhaps"; allowed: a boolean',
    'COMMISSAIRE_LISTEN_PORT is "eighty"; allowed: a number',
    `${files}.conf: "labels" is []; allowed: a record`,
  ])
})

test('the environment gives numbers, booleans and JSON', () => {
  const environment = {
    COMMISSAIRE_LISTEN_PORT: '8080',
    COMMISSAIRE_DEBUG: 'yes',
    COMMISSAIRE_STORAGE_HANDLERS: '[{"type": "memory"}]',
  }
  const settings = load({}, { environment })
  assert.deepEqual(
    [settings.listen_port, settings.debug, settings.storage_handlers],
    [8080, true, [{ type: 'memory' }]],
  )
})

test('variables of other programs are no fault', () => {
  assert.equal(load({}, { environment: { COMMISSAIRE_SOMETHING_ELSE: '1' } }).debug, false)
})

test('a secret may be the path of a file, relative to the configuration', () => {
  writeFileSync(join(directory, 'token'), 'top secret\n')
  assert.equal(load({ token_file: 'token' }).token, 'top secret')
  assert.equal(load({ 'token-file': join(directory, 'token') }).token, 'top secret')
  assert.equal(
    load({}, { environment: { COMMISSAIRE_TOKEN_FILE: join(directory, 'token') } }).token,
    'top secret',
  )
  const handlers = [{ type: 'etcd', server_url: 'x', password_file: 'token' }]
  assert.deepEqual(load({ storage_handlers: handlers }).storage_handlers, [
    { type: 'etcd', server_url: 'x', password: 'top secret' },
  ])
})

test('a secret file that is not there is an error that names the key and the path', () => {
  const [fault] = faults(() => load({ token_file: 'nowhere' }))
  assert.match(fault ?? '', /"token_file" names the file nowhere, which cannot be read: ENOENT/)
})

test('a secret given twice is an error', () => {
  assert.match(
    faults(() => load({ token: 'a', token_file: 'token' }))[0] ?? '',
    /is the same setting as another key/,
  )
})

test('an error does not show a secret', () => {
  const [fault] = faults(() => load({ token: ['hunter2'] }))
  assert.equal(fault, `${files}.conf: "token" is "[hidden]"; allowed: a string`)
})

test('a file that was asked for must be there; the default one need not', () => {
  const nowhere = join(directory, 'nowhere.conf')
  assert.deepEqual(
    faults(() => loadConfig(schema, { file: nowhere })),
    ['nowhere.conf: there is no such file'],
  )
  assert.equal(loadConfig(schema, { defaultFile: nowhere, environment: {} }).debug, false)
})

test('a file that is no JSON object is an error that names it', () => {
  assert.match(
    faults(() => load('{"debug": tru}'))[0] ?? '',
    /^\d+\.conf: is not JSON: Unexpected token '}'$/,
  )
  assert.deepEqual(
    faults(() => load('[]')),
    [`${files}.conf: must be a JSON object, found an array`],
  )
})

test('a file cannot reach the prototype of anything', () => {
  faults(() => load('{"__proto__": {"polluted": true}}'))
  assert.equal(Reflect.get({}, 'polluted'), undefined)
})
