import assert from 'node:assert/strict'
import { test } from 'vitest'
import { BusError, createLog, redact } from '../src/index.ts'

function logged(write: (log: ReturnType<typeof createLog>) => void, level: 'debug' | 'info' = 'info') {
  const lines: string[] = []
  write(createLog({ name: 'test', level, to: { write: (line) => void lines.push(line) } }))
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>)
}

test('an event is one line: level, time, name and sentence', () => {
  const [line, ...more] = logged((log) => log.info({ host: '10.0.0.1' }, 'a host was added'))
  assert.deepEqual(more, [])
  assert.deepEqual(
    [line?.['level'], line?.['name'], line?.['host'], line?.['msg']],
    ['info', 'test', '10.0.0.1', 'a host was added'],
  )
  assert.match(String(line?.['time']), /^\d{4}-\d\d-\d\dT.*Z$/)
})

test('debug lines are there only when asked for', () => {
  assert.equal(logged((log) => log.debug({}, 'x')).length, 0)
  assert.equal(logged((log) => log.debug({}, 'x'), 'debug').length, 1)
})

test('an error has its stack and its cause', () => {
  const cause = new Error('the cause')
  const [line] = logged((log) => log.error({ err: new Error('the error', { cause }) }, 'failed'))
  assert.match(JSON.stringify(line?.['err']), /the error.*the cause/)
})

const secret = 'hunter2'
const key = '-----BEGIN OPENSSH PRIVATE KEY-----\nhunter2\n-----END OPENSSH PRIVATE KEY-----'

const secrets: Record<string, object> = {
  'a password': { password: secret },
  'a token in a list': { handlers: [{ options: { token: secret } }] },
  'the key of a host': { host: { ssh_priv_key: secret } },
  'camel case': { sshPrivKey: secret, apiKey: secret, clientSecret: secret },
  'a header': { headers: { Authorization: `Basic ${secret}` } },
  'the password of a bus': { uri: `redis://user:${secret}@example.org/` },
  'a password without a user': { uri: `redis://:${secret}@example.org/` },
  'a private key in a text': { stderr: `oops: ${key}` },
  'the data of an error': { err: new BusError('Conflict', 'no', { data: { ssh_priv_key: secret } }) },
  'the message of an error': { err: new Error(`cannot reach redis://u:${secret}@h/`) },
}

for (const [what, facts] of Object.entries(secrets)) {
  test(`${what} does not get into the log`, () => {
    assert.ok(!JSON.stringify(logged((log) => log.info(facts, 'x'))).includes(secret))
  })
}

test('what is no secret stays as it is', () => {
  const facts = { tokens_left: 3, author: 'me', nested: [{ key: 'value' }], when: new Date(0), none: null }
  assert.deepEqual(redact(facts), facts)
})

test('an empty secret is shown to be empty', () => {
  assert.deepEqual(redact({ password: '' }), { password: '' })
})

test('a circle ends', () => {
  const circle: Record<string, unknown> = {}
  circle['self'] = circle
  assert.equal(typeof JSON.stringify(redact(circle)), 'string')
})
