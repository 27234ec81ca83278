/** Data against models: defaults, unknown attributes, and every fault at once. */
import assert from 'node:assert/strict'
import { assert as always, constantFrom, json, property } from 'fast-check'
import { test } from 'vitest'
import {
  attributesOf,
  Cluster,
  Host,
  HostCreds,
  HostStatus,
  type ModelDefinition,
  models,
  parseModel,
  parseModelText,
  safeModel,
  ValidationError,
} from '../src/index.ts'

function faultsOf(work: () => unknown): Record<string, string> {
  try {
    work()
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error
    return Object.fromEntries(error.faults.map(({ path, message }) => [path, message]))
  }
  return {}
}

test('missing attributes get their defaults, unknown ones are left out', () => {
  const cluster = parseModel(Cluster, { name: 'honeynut', constructor: 1, hosts: { total: 7 } })
  assert.deepEqual(cluster, {
    name: 'honeynut',
    status: '',
    network: 'default',
    hostset: [],
    container_manager: '',
    bootstrap: '',
  })
})

test('the attributes of a parsed model are in the order of its table', () => {
  const parsed = parseModel(Host, { zone: 'a', os: 'fedora', address: '10.2.0.2' })
  assert.deepEqual(Object.keys(parsed), attributesOf(Host))
  assert.deepEqual(Object.keys(parsed).slice(0, 8), [
    'address',
    'status',
    'os',
    'cpus',
    'memory',
    'space',
    'last_check',
    'source',
  ])
})

test('two models never share a default list or object', () => {
  const [one, other] = [parseModel(Cluster, { name: 'a' }), parseModel(Cluster, { name: 'b' })]
  one.hostset.push('10.2.0.2')
  assert.deepEqual(other.hostset, [])
  assert.deepEqual(parseModel(Cluster, { name: 'c' }).hostset, [])
})

test('every fault is listed, with its place, what must be and what was found', () => {
  const data = {
    address: 'a b',
    cpus: 1.5,
    memory: '1',
    space: -1,
    status: 'fine',
    os: null,
    labels: { a: 1 },
  }
  assert.deepEqual(
    faultsOf(() => parseModel(Host, data)),
    {
      address: 'must be one or more of letters, digits, "_", "-", "." and ":"',
      cpus: 'must be a whole number, is a number with a fraction',
      memory: 'must be a number, is a text',
      space: 'must be 0 or more, is -1',
      status: 'is "fine"; allowed: "", "investigating", "bootstrapping", "disassociated", "active", "failed"',
      os: 'must be a text, is null',
      'labels.a': 'must be a text, is a number',
    },
  )
})

test('a validation error says in its message all that is wrong', () => {
  assert.throws(() => parseModel(Cluster, { hostset: ['10.2.0.2', 'a b'] }), {
    name: 'ValidationError',
    code: 'invalid',
    model: 'Cluster',
    message:
      'Cluster: "name" is missing; "hostset[1]" must be one or more of letters, digits, "_", "-", "." and ":"',
  })
})

test('what is no object at all is said to be what it is', () => {
  const kinds = { null: null, 'a list': [], 'a text': 'x', 'a number': 5, 'true or false': true }
  for (const [kind, value] of Object.entries(kinds)) {
    assert.deepEqual(
      faultsOf(() => parseModel(Cluster, value)),
      { '': `must be an object, is ${kind}` },
    )
  }
})

test('JSON text is accepted where it is asked for, and only there', () => {
  assert.equal(parseModelText(Cluster, '{"name": "honeynut"}').name, 'honeynut')
  assert.deepEqual(
    faultsOf(() => parseModelText(Cluster, '{"name"')),
    { '': 'is no JSON' },
  )
  assert.deepEqual(Object.keys(faultsOf(() => parseModel(Cluster, '{"name": "honeynut"}'))), [''])
})

test('the faults of a secret model do not repeat what is in it', () => {
  const secret = 'c2VjcmV0'
  const tries = [{ address: secret + ' ' }, { address: 'a', ssh_priv_key: [secret] }, [secret], secret]
  for (const data of tries)
    assert.doesNotMatch(JSON.stringify(faultsOf(() => parseModel(HostCreds, data))), /c2Vj/)
  assert.doesNotMatch(JSON.stringify(faultsOf(() => parseModelText(HostCreds, secret))), /c2Vj/)
})

test('nothing that JSON can hold does anything but parse or list faults', () => {
  const definitions = Object.values(models)
  always(
    property(constantFrom<ModelDefinition[]>(...definitions), json(), (definition, text) => {
      faultsOf(() => parseModelText(definition, text))
    }),
  )
})

test('__proto__ in a model’s data is data and changes nothing else', () => {
  const host = parseModelText(
    Host,
    '{"address": "a", "__proto__": {"zone": "x"}, "facts": {"__proto__": {"y": 1}}}',
  )
  assert.equal(host.zone, '')
  assert.equal(Reflect.get({}, 'y'), undefined)
})

test('the safe form has no hidden attribute, in the order of the table, whatever order came in', () => {
  const cluster = parseModel(Cluster, { name: 'honeynut', hostset: ['10.2.0.2'] })
  const shown = { name: 'honeynut', status: '', network: 'default', container_manager: '', bootstrap: '' }
  assert.deepEqual(Object.entries(safeModel(Cluster, cluster)), Object.entries(shown))
})

test('a computed model fills in its parts', () => {
  assert.deepEqual(parseModel(HostStatus, {}), {
    type: 'host_only',
    host: { last_check: '', status: '' },
    container_manager: {},
  })
})
