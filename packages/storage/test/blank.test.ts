import assert from 'node:assert/strict'
import { test } from 'vitest'
import { blankSecrets } from '../src/blank.ts'

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
