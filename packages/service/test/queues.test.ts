import assert from 'node:assert/strict'
import { test } from 'vitest'
import { declareQueues, kebab } from '../src/service/queues.ts'

const names = (className: string, ...keys: string[]) =>
  declareQueues(
    className,
    keys.map((routingKey) => ({ routingKey })),
  ).map(({ name }) => name)

test('a queue without a name is called after the class and the routing key, the same in every process', () => {
  assert.deepEqual(names('Greeter', 'greeter.*'), ['greeter'])
  assert.deepEqual(names('HostWatcher', 'jobs.watcher'), ['host-watcher-jobs-watcher'])
  assert.deepEqual(names('Listener', '#'), ['listener'])
})

test('two services that listen to the same key have queues of their own', () => {
  assert.deepEqual(names('Auditor', 'notify.storage.#'), ['auditor-notify-storage'])
  assert.deepEqual(names('Mailer', 'notify.storage.#'), ['mailer-notify-storage'])
})

test('queues of one name are one queue with all their keys', () => {
  const queues = ['a.*', 'b.*', 'a.*'].map((routingKey) => ({ name: 'both', routingKey }))
  assert.deepEqual(declareQueues('Any', queues), [{ name: 'both', routingKeys: ['a.*', 'b.*'] }])
})

test('names of classes become words', () => {
  assert.deepEqual(['Greeter', 'HostWatcher', 'HTTPServer', 'Etcd3Store'].map(kebab), [
    'greeter',
    'host-watcher',
    'http-server',
    'etcd3-store',
  ])
})
