/** Which handler has which model, and what a configuration that cannot be meant is told. */
import assert from 'node:assert/strict'
import { test } from 'vitest'
import { storedModels } from '../src/keys.ts'
import { placeModels } from '../src/configuration/placement.ts'

const place = (...storage_handlers: unknown[]) => placeModels({ storage_handlers }, { file: 'storage.conf' })

async function modelsOf(...storage_handlers: unknown[]): Promise<Record<string, readonly string[]>> {
  const handlers = await place(...storage_handlers)
  return Object.fromEntries(handlers.map(({ name, type, models }) => [`${name}/${type}`, models]))
}

const names = storedModels.filter(({ secret }) => !secret).map(({ name }) => name)
const everything = [...names, 'HostCreds']

test('without a configured handler sqlite has everything', async () => {
  assert.deepEqual(await modelsOf(), { 'default/sqlite': everything })
  const [handler] = await placeModels({}, { file: 'storage.conf' })
  assert.deepEqual(handler?.options, { path: 'commissaire.db', synchronous: 'full', lock_timeout: 10_000 })
})

test('a handler that says no models has all of them', async () => {
  assert.deepEqual(await modelsOf({ type: 'memory' }), { 'memory/memory': everything })
})

test('a handler’s type may be written as the original wrote it', async () => {
  assert.deepEqual(await modelsOf({ type: 'commissaire.storage.memory' }), { 'memory/memory': everything })
})

test('models go to the handlers that name them, the rest to the default one, secrets to where hosts are', async () => {
  assert.deepEqual(
    await modelsOf(
      { type: 'memory', name: 'clusters', models: ['Cluster*', 'Network'] },
      { type: 'memory', name: 'hosts', models: ['Host'] },
    ),
    {
      'clusters/memory': ['Cluster', 'ClusterDeploy', 'ClusterUpgrade', 'ClusterRestart', 'Network'],
      'hosts/memory': ['Host', 'HostCreds'],
      'default/sqlite': names.filter((name) => name !== 'Host' && !/^(Cluster.*|Network)$/.test(name)),
    },
  )
})

test('a handler that is itself called default does not get in the default one’s way', async () => {
  assert.deepEqual(Object.keys(await modelsOf({ type: 'memory', name: 'default', models: ['Host'] })), [
    'default/memory',
    'commissaire-default/sqlite',
  ])
})

const models = names.join(', ')

const mistakes: [sentence: string, handlers: unknown[], message: string][] = [
  [
    'an unknown type',
    [{ type: 'memory', models: ['Host'] }, { type: 'etdc' }],
    'storage.conf: "storage_handlers[1].type" is "etdc"; allowed: "sqlite", "etcd", "memory", the path of a module, or a package that is installed',
  ],
  ['no type', [{ name: 'a' }], 'storage.conf: "storage_handlers[0].type" is missing'],
  [
    'no handler but a text, and a wrong kind of models',
    ['sqlite', { type: 'sqlite', models: '*' }],
    'storage.conf: "storage_handlers[0]" must be an object, is a text; "storage_handlers[1].models" must be a list, is a text',
  ],
  [
    'an option the handler does not have',
    [{ type: 'sqlite', paht: '/x' }],
    'storage.conf: "storage_handlers[0]" has "paht", which is not known; known: path, synchronous, lock_timeout',
  ],
  [
    'an option of a wrong value',
    [{ type: 'sqlite', synchronous: 'off' }],
    'storage.conf: "storage_handlers[0].synchronous" is "off"; allowed: "full", "normal"',
  ],
  [
    'a pattern that fits nothing',
    [{ type: 'memory', models: ['Host', 'Hots*'] }],
    `storage.conf: "storage_handlers[0].models[1]" is "Hots*", which fits no model; there are: ${models}`,
  ],
  [
    'a secret model in a pattern',
    [{ type: 'memory', models: ['HostCreds'] }],
    `storage.conf: "storage_handlers[0].models[0]" is "HostCreds", which fits no model; there are: ${models}`,
  ],
  [
    'two handlers of one name',
    [
      { type: 'memory', name: 'a', models: ['Host'] },
      { type: 'sqlite', name: 'a', models: ['Cluster'] },
    ],
    'storage.conf: "storage_handlers[1].name" is "a", as another handler\'s is; give each its own',
  ],
  [
    'two handlers for one model',
    [{ type: 'memory', models: ['Cluster'] }, { type: 'sqlite' }],
    'storage.conf: "storage_handlers[1].models[0]" is "*", which fits Cluster; handler "memory" has that already',
  ],
]

for (const [sentence, handlers, message] of mistakes) {
  test(`${sentence} is a configuration error that names the key`, async () => {
    await assert.rejects(place(...handlers), { name: 'ConfigurationError', code: 'configuration', message })
  })
}
