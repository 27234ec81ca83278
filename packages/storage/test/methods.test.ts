/** The storage service's methods, with arguments as they come from the bus. */
import assert from 'node:assert/strict'
import { ClusterDeploy, Host, Networks, parseModel } from '@commissaire/models'
import { test } from 'vitest'
import { Store, StorageMethods } from '../src/index.ts'

const memory = { storage_handlers: [{ type: 'memory' }] }

/** Methods on a fresh store, and what they announced. */
async function fresh() {
  const store = await Store.open(memory)
  const announced: unknown[] = []
  const methods = new StorageMethods(store, { announce: async (...said) => void announced.push(said) })
  return { store, methods, announced }
}

const n1 = { name: 'n1', type: 'flannel_server', options: { address: '1.2.3.4:8080' } }

test('save answers with the whole model and announces it, first created, then updated, then deleted', async () => {
  const { methods, announced } = await fresh()
  assert.deepEqual(await methods.save('Network', n1), n1)
  await methods.save('Network', { name: 'n1' })
  assert.equal(await methods.delete('Network', { name: 'n1' }), null)
  const plain = { name: 'n1', type: 'flannel_etcd', options: {} }
  assert.deepEqual(announced, [
    ['notify.storage.Network.created', { event: 'created', class: 'Network', model: n1 }],
    ['notify.storage.Network.updated', { event: 'updated', class: 'Network', model: plain }],
    ['notify.storage.Network.deleted', { event: 'deleted', class: 'Network', model: plain }],
  ])
})

test('announcements leave hidden attributes out, replies do not', async () => {
  const { methods, announced } = await fresh()
  const reply = await methods.save('Cluster', { name: 'honeynut', hostset: ['a'] })
  const shown = { name: 'honeynut', status: '', network: 'default', container_manager: '', bootstrap: '' }
  assert.deepEqual(reply, { ...shown, hostset: ['a'] })
  assert.deepEqual(announced, [
    ['notify.storage.Cluster.created', { event: 'created', class: 'Cluster', model: shown }],
  ])
})

test('a secret model is never announced', async () => {
  const { methods, announced } = await fresh()
  const creds = { address: '10.2.0.2', ssh_priv_key: 'ZmFrZSBrZXk=', remote_user: 'root' }
  assert.deepEqual(await methods.save('HostCreds', creds), creds)
  await methods.delete('HostCreds', creds)
  assert.deepEqual(announced, [])
})

test('an announcement that fails does not make a save look undone', async () => {
  const store = await Store.open(memory)
  const warnings: string[] = []
  const methods = new StorageMethods(store, {
    announce: () => Promise.reject(new Error('no broker')),
    log: { info() {}, warn: (_facts, sentence) => void warnings.push(sentence) },
  })
  assert.deepEqual(await methods.save('Network', n1), n1)
  assert.deepEqual(warnings, ['A change was kept but could not be announced'])
})

test('model_json_data is an object, its text, or a list of either, and the answer has the same shape', async () => {
  const { methods } = await fresh()
  const n2 = { ...n1, name: 'n2' }
  assert.deepEqual(await methods.save('Network', JSON.stringify(n1)), n1)
  assert.deepEqual(await methods.save('Network', [n1, JSON.stringify(n2)]), [n1, n2])
  assert.deepEqual(await methods.get('Network', [{ name: 'n2' }, '{"name": "n1"}']), [n2, n1])
  assert.deepEqual(await methods.get('Network', JSON.stringify([{ name: 'n2' }])), [n2])
  assert.deepEqual(await methods.get('Network', []), [])
  await methods.delete('Network', [{ name: 'n2' }, { name: 'n1' }])
  assert.deepEqual((await methods.list('Networks')).length, 1)
})

test('of a list with one fault nothing is saved, and every fault is named', async () => {
  const { methods, store, announced } = await fresh()
  await assert.rejects(
    methods.save('Network', [n1, { name: 'n 2', type: 'x' }, { name: 'n3', options: 5 }]),
    {
      name: 'InvalidParams',
      code: -32602,
      data: {
        exception: 'ValidationError',
        model_type_name: 'Network',
        faults: [
          { path: '[1].name', message: 'must be one or more of letters, digits, "_" and "-"' },
          { path: '[1].type', message: 'is "x"; allowed: "flannel_etcd", "flannel_server"' },
          { path: '[2].options', message: 'must be an object, is a number' },
        ],
      },
    },
  )
  assert.equal((await store.list(Networks)).length, 1)
  assert.deepEqual(announced, [])
})

test('of a list with one that is not there nothing is deleted', async () => {
  const { methods, store } = await fresh()
  await methods.save('Network', n1)
  await assert.rejects(methods.delete('Network', [n1, { name: 'nosuch' }]), {
    code: -20000,
    message: '(-20000) Key not found : /commissaire/networks/nosuch',
  })
  assert.equal((await store.list(Networks)).length, 2)
})

test('a delete with a revision deletes just that revision, of one model', async () => {
  const { methods, announced } = await fresh()
  const { revision } = (await methods.fetch('Network', { name: 'default' })) as { revision: string }
  await methods.save('Network', { ...n1, name: 'default' })
  announced.length = 0
  await assert.rejects(methods.delete('Network', { name: 'default' }, revision), { code: 409 })
  await assert.rejects(methods.delete('Network', { name: 'nosuch' }, revision), { code: -20000 })
  await assert.rejects(methods.delete('Network', [n1, n1], revision), { code: -32602 })
  assert.deepEqual(announced, [])
  const { revision: present } = (await methods.fetch('Network', { name: 'default' })) as { revision: string }
  assert.equal(await methods.delete('Network', { name: 'default' }, present), null)
  assert.equal(announced.length, 1)
})

test('a delete with the revision null is unconditional, as peers send null for what they leave out', async () => {
  const { methods } = await fresh()
  await methods.save('Network', n1)
  assert.equal(await methods.delete('Network', { name: 'n1' }, null), null)
})

test('a model is looked up by what peers send: all attributes, most of them empty', async () => {
  const { methods } = await fresh()
  const asked = {
    name: 'c',
    status: '',
    version: '',
    deployed: [],
    in_process: [],
    started_at: '',
    finished_at: '',
  }
  await assert.rejects(methods.get('ClusterDeploy', asked), {
    code: -20000,
    message: '(-20000) Key not found : /commissaire/cluster/c/deploy',
    data: {
      model_json_data: [{ ...parseModel(ClusterDeploy, { name: 'c', version: 'x' }), version: '' }],
      model_type_name: 'ClusterDeploy',
    },
  })
})

test('a look-up error of a secret model repeats nothing but the address', async () => {
  const { methods } = await fresh()
  await assert.rejects(methods.get('HostCreds', { address: 'a', ssh_priv_key: 'c2VjcmV0' }), {
    data: {
      model_json_data: [{ address: 'a', ssh_priv_key: '', remote_user: 'root' }],
      model_type_name: 'HostCreds',
    },
  })
})

test('fetch gives the revision that a conditional save wants', async () => {
  const { methods } = await fresh()
  await methods.save('Network', n1, null)
  const fetched = await methods.fetch('Network', { name: 'n1' })
  assert.deepEqual(Object.keys(fetched), ['model', 'revision'])
  const revision = String(Reflect.get(fetched, 'revision'))
  await methods.save('Network', { name: 'n1' }, revision)
  await assert.rejects(methods.save('Network', n1, revision), { code: 409 })
  await assert.rejects(methods.save('Network', n1, null), { code: 409, message: 'Network n1 exists already' })
})

test('a peer that only knows the original attributes of a host does not wipe the others', async () => {
  const { methods, store } = await fresh()
  const known = { labels: { rack: '7' }, facts: { kernel: '6.12' }, host_key: 'ssh-ed25519 AAAA', zone: 'b' }
  await store.save(Host, [{ model: parseModel(Host, { address: 'a', status_reason: 'because', ...known }) }])
  const fromPeer = {
    address: 'a',
    status: 'active',
    os: 'fedora',
    cpus: 2,
    memory: 1,
    space: 1,
    last_check: '',
    source: '',
  }
  const after = parseModel(Host, { ...fromPeer, ...known })
  assert.deepEqual(await methods.save('Host', fromPeer), after)
  const emptied = { zone: '', labels: {} }
  assert.deepEqual(await methods.save('Host', { ...fromPeer, ...emptied }), { ...after, ...emptied })
})

test('saves of such a peer and changes of the others’ attributes at the same time do not undo each other', async () => {
  const { methods, store } = await fresh()
  const creating = Array.from({ length: 20 }, (_, cpus) => methods.save('Host', { address: 'a', cpus }))
  const pinning = methods.save('Host', parseModel(Host, { address: 'a', host_key: 'pinned' }))
  await Promise.all([...creating, pinning])
  assert.equal((await store.get(Host, 'a')).host_key, 'pinned')
})

const wrong: [sentence: string, call: (methods: StorageMethods) => Promise<unknown>, message: RegExp][] = [
  [
    'an unknown model',
    (m) => m.get('Hots', {}),
    /^"model_type_name" is "Hots"; stored models: Host, HostCreds, /,
  ],
  [
    'a method of Object in place of a model',
    (m) => m.get('constructor', {}),
    /^"model_type_name" is "constructor"; /,
  ],
  [
    'a model that is not stored',
    (m) => m.save('HostStatus', {}),
    /^"model_type_name" is "HostStatus"; stored models: /,
  ],
  [
    'a model in place of a list',
    (m) => m.list('Host'),
    /^"model_type_name" is "Host"; lists: Hosts, Clusters, Networks, /,
  ],
  ['no data', (m) => m.get('Host', undefined), /^Host: must be an object or its JSON text$/],
  ['a number for data', (m) => m.save('Host', 5), /^Host: must be an object or its JSON text$/],
  ['text that is no JSON', (m) => m.save('Host', '{address'), /^Host: must be an object or its JSON text$/],
  [
    'lists in lists',
    (m) => m.save('Host', [[{ address: 'a' }]]),
    /^Host: must be an object or its JSON text$/,
  ],
  ['no key', (m) => m.get('Host', { name: 'a' }), /^Host: "address" is missing$/],
  ['a revision for a list', (m) => m.save('Network', [n1, n1], '1'), /^"revision" goes with one model/],
]

for (const [sentence, call, message] of wrong) {
  test(`${sentence} is answered with InvalidParams`, async () => {
    const { methods } = await fresh()
    await assert.rejects(call(methods), { code: -32602, message })
  })
}

test('a fault in a secret model does not repeat the secret', async () => {
  const { methods } = await fresh()
  const error: unknown = await methods
    .save('HostCreds', { address: 'a', ssh_priv_key: ['c2VjcmV0'], remote_user: { c2VjcmV0: 1 } })
    .catch((caught: unknown) => caught)
  assert.ok(error instanceof Error)
  assert.doesNotMatch(JSON.stringify(error) + error.message, /c2Vj/)
})

test('the handlers can be listed', async () => {
  const { methods } = await fresh()
  assert.deepEqual(methods.listStoreHandlers()[0]?.config, { type: 'memory', name: 'memory' })
})

test('whoever saves what they were shown of a container manager keeps its token', async () => {
  const { methods, announced } = await fresh()
  const options = { server_url: 'https://127.0.0.1:6443', token: 'pa55' }
  await methods.save('ContainerManagerConfig', { name: 'm', type: 'kubernetes', options })
  assert.doesNotMatch(JSON.stringify(announced), /pa55/)
  const shown = { name: 'm', type: 'openshift', options: { ...options, token: '***' } }
  await methods.save('ContainerManagerConfig', shown)
  assert.deepEqual(await methods.get('ContainerManagerConfig', { name: 'm' }), { ...shown, options })
  await assert.rejects(methods.save('ContainerManagerConfig', { ...shown, name: 'n' }), /options\.token/)
})
