import assert from 'node:assert/strict'
import { test } from 'vitest'
import {
  blankSecrets,
  ContainerManagerConfig,
  parseModel,
  restoreSecrets,
  safeModel,
  ValidationError,
} from '../src/index.ts'

test('secrets of a configuration are blanked wherever they are, and nothing else is', () => {
  const config = {
    type: 'etcd',
    server_url: 'https://user:pa55@etcd.example:2379/x',
    endpoints: ['http://a:1', 'http://root:pa55@b:1'],
    username: 'commissaire',
    password: 'pa55',
    token: 'pa55',
    certificate_key_path: '/etc/commissaire/etcd.key',
    password_file: '/run/password',
    nested: { client_secret: 'pa55', timeout: 5 },
  }
  const blanked = blankSecrets(config)
  assert.doesNotMatch(JSON.stringify(blanked), /pa55/)
  assert.deepEqual(blanked, {
    ...config,
    server_url: 'https://user:***@etcd.example:2379/x',
    endpoints: ['http://a:1', 'http://root:***@b:1'],
    password: '***',
    token: '***',
    nested: { client_secret: '***', timeout: 5 },
  })
})

const url = 'https://kubernetes.example:6443'
const config = (options: object) => parseModel(ContainerManagerConfig, { name: 'prod', options })
const stored = config({
  server_url: url,
  token: 'pa55',
  nested: { password: 'pa55' },
  proxy: 'http://a:pa55@b',
})

test('a container manager is shown without its secrets', () => {
  const shown = safeModel(ContainerManagerConfig, stored)
  assert.doesNotMatch(JSON.stringify(shown), /pa55/)
  assert.deepEqual(shown['options'], {
    server_url: url,
    token: '***',
    nested: { password: '***' },
    proxy: 'http://a:***@b',
  })
})

test('what was shown and comes back leaves the secrets as they are', () => {
  const back = parseModel(ContainerManagerConfig, safeModel(ContainerManagerConfig, stored))
  assert.deepEqual(restoreSecrets(ContainerManagerConfig, back, stored), stored)
})

test('a new secret beside blanked ones is taken', () => {
  const back = config({ ...stored.options, token: 'new', nested: { password: '***' } })
  const { options } = restoreSecrets(ContainerManagerConfig, back, stored)
  assert.deepEqual(options, { ...stored.options, token: 'new' })
})

test('a blank that stands for no secret is refused', () => {
  for (const present of [undefined, config({ server_url: url })]) {
    assert.throws(
      () => restoreSecrets(ContainerManagerConfig, config({ server_url: url, token: '***' }), present),
      (error: unknown) => {
        assert.ok(error instanceof ValidationError)
        assert.deepEqual(error.faults[0]?.path, 'options.token')
        return true
      },
    )
  }
})
