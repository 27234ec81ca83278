/** The store as a whole: models in, models out, secrets sealed at rest. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import {
  Cluster,
  ClusterDeploy,
  ContainerManagerConfig,
  defaultNetwork,
  Host,
  HostCreds,
  Hosts,
  Network,
  Networks,
  parseModel,
  WatcherRecord,
} from '@commissaire/models'
import { test } from 'vitest'
import { Store } from '../src/index.ts'
import { temporaryDirectories } from './temporary.ts'

const directory = temporaryDirectories()
const memory = { storage_handlers: [{ type: 'memory' }] }
const host = parseModel(Host, { address: '10.2.0.2', os: 'fedora' })
const credentials = parseModel(HostCreds, { address: '10.2.0.2', ssh_priv_key: 'dmVyeSBwcml2YXRl' })

test('a fresh store has the default network, and one that has it already keeps it as it is', async () => {
  const dataDir = directory()
  const changed = parseModel(Network, { name: 'default', options: { range: '10.0.0.0/8' } })
  {
    await using store = await Store.open({}, { dataDir })
    assert.deepEqual(await store.list(Networks), [defaultNetwork])
    await store.save(Network, [{ model: changed }])
  }
  await using again = await Store.open({}, { dataDir })
  assert.deepEqual(await again.list(Networks), [changed])
})

test('what is not there is a look-up error in the words that peers know', async () => {
  await using store = await Store.open(memory)
  await assert.rejects(store.get(Network, 'nosuch'), {
    name: 'StorageLookup',
    code: -20000,
    message: '(-20000) Key not found : /commissaire/networks/nosuch',
    data: {
      model_json_data: [{ name: 'nosuch', type: 'flannel_etcd', options: {} }],
      model_type_name: 'Network',
    },
  })
  await assert.rejects(store.delete(ClusterDeploy, ['a']), {
    code: -20000,
    message: '(-20000) Key not found : /commissaire/cluster/a/deploy',
  })
})

test('nothing of a credential can be read in the files of the store', async () => {
  const dataDir = directory()
  await using store = await Store.open({}, { dataDir })
  await store.save(HostCreds, [{ model: credentials }])
  const files = ['commissaire.db', 'commissaire.db-wal'].map((name) =>
    readFileSync(join(dataDir, name), 'latin1'),
  )
  assert.match(files.join(''), /sealed:1:/)
  assert.doesNotMatch(files.join(''), /dmVyeS|remote_user/)
  assert.deepEqual(await store.get(HostCreds, '10.2.0.2'), credentials)
})

test('with a lost key everything but the credentials can still be read', async () => {
  const dataDir = directory()
  {
    await using store = await Store.open({}, { dataDir })
    await store.save(Host, [{ model: host }])
    await store.save(HostCreds, [{ model: credentials }])
  }
  await using store = await Store.open({}, { dataDir, keyFile: 'other.key' })
  assert.deepEqual(await store.list(Hosts), [host])
  await assert.rejects(store.get(HostCreds, '10.2.0.2'), {
    code: -32603,
    message: /was sealed with key [0-9a-f]{16}/,
  })
})

test('credentials that somebody copied from another host’s row are refused', async () => {
  const dataDir = directory()
  await using store = await Store.open({}, { dataDir })
  const theirs = { ...credentials, address: '10.9.9.9' }
  await store.save(HostCreds, [{ model: credentials }, { model: theirs }])
  const database = new DatabaseSync(join(dataDir, 'commissaire.db'))
  database.exec(
    `UPDATE models SET value = (SELECT value FROM models WHERE key = '10.9.9.9') WHERE key = '10.2.0.2'`,
  )
  database.close()
  await assert.rejects(store.get(HostCreds, '10.2.0.2'), { kind: 'sealed' })
})

test('a memory store makes no key file, as its secrets are gone with it', async () => {
  await using store = await Store.open(memory, { dataDir: '/nowhere/at/all' })
  await store.save(HostCreds, [{ model: credentials }])
  assert.deepEqual(await store.get(HostCreds, '10.2.0.2'), credentials)
})

test('what somebody wrote by hand is checked when it is read, and the error says where it lies', async () => {
  const dataDir = directory()
  await using store = await Store.open({}, { dataDir })
  const database = new DatabaseSync(join(dataDir, 'commissaire.db'))
  database.exec(`INSERT INTO models VALUES ('Host', 'a', '{"address":"a","cpus":"four"}', 7)`)
  database.close()
  await assert.rejects(store.list(Hosts), {
    kind: 'damaged',
    message:
      'What is stored as /commissaire/hosts/a cannot be read: Host: "cpus" must be a number, is a text',
  })
})

test('what an older version stored gets the attributes it did not know', async () => {
  const dataDir = directory()
  await using store = await Store.open({}, { dataDir })
  const database = new DatabaseSync(join(dataDir, 'commissaire.db'))
  database.exec(`INSERT INTO models VALUES ('Host', 'a', '{"address":"a","retired_attribute":1}', 7)`)
  database.close()
  assert.deepEqual(await store.get(Host, 'a'), parseModel(Host, { address: 'a' }))
})

test('a model that is never stored is said to be that', async () => {
  await using store = await Store.open(memory)
  await assert.rejects(store.get(WatcherRecord, 'a'), {
    code: -32602,
    message: /^"model_type_name" is "WatcherRecord"; stored models: Host, HostCreds, Cluster, /,
  })
})

test('models of different handlers do not get in each other’s way', async () => {
  const dataDir = directory()
  const config = { storage_handlers: [{ type: 'memory', models: ['Cluster*'] }] }
  {
    await using store = await Store.open(config, { dataDir })
    await store.save(Host, [{ model: host }])
    await store.save(Cluster, [{ model: parseModel(Cluster, { name: 'c' }) }])
    assert.deepEqual(
      store.describe().map(({ handler_type, model_types }) => [handler_type, model_types.length]),
      [
        ['memory', 4],
        ['sqlite', 10],
      ],
    )
  }
  await using again = await Store.open(config, { dataDir })
  assert.deepEqual(await again.list(Hosts), [host])
  await assert.rejects(again.get(Cluster, 'c'), { code: -20000 })
})

test('a key file that cannot be used keeps the store from opening', async () => {
  const dataDir = directory()
  writeFileSync(join(dataDir, 'vault.key'), 'x', { mode: 0o600 })
  await assert.rejects(Store.open({}, { dataDir }), { kind: 'sealed' })
})

test("a container manager's token rests sealed, the rest of it in the clear", async () => {
  const dataDir = directory()
  const options = {
    server_url: 'https://10.0.0.1:6443',
    token: 'very private',
    nested: { password: 'secret too' },
  }
  const config = parseModel(ContainerManagerConfig, { name: 'prod', type: 'kubernetes', options })
  {
    await using store = await Store.open({}, { dataDir })
    await store.save(ContainerManagerConfig, [{ model: config }])
  }
  const database = new DatabaseSync(join(dataDir, 'commissaire.db'))
  const [row] = database.prepare("select value from models where model = 'ContainerManagerConfig'").all()
  assert.match(String(row?.['value']), /https:\/\/10\.0\.0\.1:6443.*"token":"sealed:1:/)
  assert.doesNotMatch(String(row?.['value']), /very private|secret too/)
  database
    .prepare('update models set value = ? where model = ?')
    .run(
      String(row?.['value']).replace(/"nested":"[^"]*"/, '"nested":{"password":"in the clear"}'),
      'ContainerManagerConfig',
    )
  database.close()
  await using again = await Store.open({}, { dataDir })
  assert.deepEqual(await again.get(ContainerManagerConfig, 'prod'), {
    ...config,
    options: { ...options, nested: { password: 'in the clear' } },
  })
})
