import assert from 'node:assert/strict'
import { test } from 'vitest'
import { ContainerManagerConfig, Network, parseModel, ValidationError, verifiesTls } from '../src/index.ts'

function faults(definition: typeof ContainerManagerConfig | typeof Network, data: object): string[] {
  try {
    parseModel<object>(definition, { name: 'a', ...data })
    return []
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error
    return error.faults.map(({ path, message }) => `${path} ${message}`)
  }
}

const url = 'https://kubernetes.example:6443'
const cases: [sentence: string, data: object, faults: string[]][] = [
  ['a trivial one needs nothing', { type: 'trivial' }, []],
  ['a server and nothing else is enough', { options: { server_url: url } }, []],
  [
    'a plain http server with a token is taken',
    { options: { server_url: 'http://10.0.0.1:8080', token: 'x' } },
    [],
  ],
  [
    'a kubeconfig replaces the server',
    { type: 'kubernetes', options: { kubeconfig: '/etc/kubeconfig' } },
    [],
  ],
  ['a service account replaces the server', { type: 'kubernetes', options: { in_cluster: 'true' } }, []],
  [
    'a context goes with a kubeconfig',
    { options: { server_url: url, context: 'prod' } },
    ['options.kubeconfig is missing; "context" names one of its contexts'],
  ],
  [
    'a token is given once',
    { options: { server_url: url, token: 'x', token_path: '/token' } },
    ['options.token_path goes in place of "token", not beside it'],
  ],
  [
    'openshift and kubernetes need a server',
    { type: 'kubernetes' },
    ['options.server_url is missing; kubernetes needs it, or "kubeconfig", or "in_cluster"'],
  ],
  [
    'an address that is no URL of a server is refused',
    { options: { server_url: 'kubernetes.example' } },
    ['options.server_url must be a URL that begins with http:// or https://'],
  ],
  [
    'a certificate needs its key',
    { options: { server_url: url, certificate_path: '/a.crt' } },
    ['options.certificate_key_path is missing; it goes with "certificate_path"'],
  ],
  [
    'a key needs its certificate',
    { options: { server_url: url, certificate_key_path: '/a.key' } },
    ['options.certificate_path is missing; it goes with "certificate_key_path"'],
  ],
  [
    'a certificate needs https',
    {
      options: { server_url: 'http://10.0.0.1', certificate_path: '/a.crt', certificate_key_path: '/a.key' },
    },
    ['options.server_url must begin with https:// when there is a client certificate'],
  ],
  [
    'an unknown type is refused, with the known ones',
    { type: 'mesos' },
    ['type is "mesos"; allowed: "openshift", "trivial", "kubernetes"'],
  ],
  [
    'all of it is said at once',
    { options: { server_url: 5, certificate_path: '/a.crt', token: '', verify_tls: 'no' } },
    [
      'options.server_url must be a URL that begins with http:// or https://',
      'options.token must not be empty',
      'options.verify_tls must be true or false',
      'options.certificate_key_path is missing; it goes with "certificate_path"',
    ],
  ],
]

for (const [sentence, data, expected] of cases) {
  test(sentence, () => assert.deepEqual(faults(ContainerManagerConfig, data), expected))
}

test('the type is openshift when nothing is said, as it always was', () => {
  const config = parseModel(ContainerManagerConfig, { name: 'a', options: { server_url: url } })
  assert.deepEqual(config, { name: 'a', type: 'openshift', options: { server_url: url } })
})

test('the server’s certificate is checked unless somebody said false, as a word or in JSON', () => {
  const verifies = (verify_tls?: unknown) =>
    verifiesTls(
      parseModel(ContainerManagerConfig, { name: 'a', options: { server_url: url, verify_tls } }).options,
    )
  assert.deepEqual([verifies(), verifies(true), verifies('true')], [true, true, true])
  assert.deepEqual([verifies(false), verifies('false')], [false, false])
  assert.throws(() => verifies('no'), { message: /"options.verify_tls" must be true or false/ })
})

test('options of a container manager of somebody’s own are kept', () => {
  const config = parseModel(ContainerManagerConfig, {
    name: 'a',
    type: 'trivial',
    options: { colour: 'red' },
  })
  assert.deepEqual(config.options, { colour: 'red' })
})

test('a network of type flannel_server needs the address of its server', () => {
  const fault = ['options.address must be "host:port" of the flannel server']
  assert.deepEqual(faults(Network, { type: 'flannel_server' }), fault)
  for (const address of ['1.2.3.4', 'http://a:1', 'a:b', '', 8080]) {
    assert.deepEqual(
      faults(Network, { type: 'flannel_server', options: { address } }),
      fault,
      String(address),
    )
  }
  for (const address of ['1.2.3.4:8080', 'flannel.example:1', '[fd00::1]:8080']) {
    assert.deepEqual(faults(Network, { type: 'flannel_server', options: { address } }), [])
  }
})
