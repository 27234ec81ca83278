import assert from 'node:assert/strict'
import { test } from 'vitest'
import { z } from 'zod'
import { CommissaireService, type Message, type ServiceDescription } from '../src/index.ts'
import { serve } from './over-memory.ts'

class Calculator extends CommissaireService {
  static override readonly doc = 'Calculates'
  static override readonly version = '2.1.0'
  static override readonly methods = {
    root: {
      doc: 'The root of a number',
      schema: z.object({ of: z.number().nonnegative(), degree: z.int().default(2) }),
      result: z.number(),
    },
  }

  on_root(_message: Message, of: number, degree: number): number {
    return of ** (1 / degree)
  }

  on_add(_message: Message, x: number, y = 0): number {
    return x + y
  }
}

const describe = async (): Promise<ServiceDescription> => {
  await using world = await serve(Calculator, 'calculator')
  return await world.bus.request<ServiceDescription>('calculator.describe')
}

test('a service describes itself: name, version, doc line, queues and the process that answers', async () => {
  const { service, version, doc, queues, process: answering } = await describe()
  assert.deepEqual({ service, version, doc }, { service: 'Calculator', version: '2.1.0', doc: 'Calculates' })
  assert.deepEqual(queues, [{ name: 'calculator', routingKeys: ['calculator.*'] }])
  assert.deepEqual([answering.pid, answering.state], [process.pid, 'running'])
})

test('a declared method is described with its schema as JSON Schema', async () => {
  const root = (await describe()).methods.find(({ name }) => name === 'root')
  assert.deepEqual(root, {
    name: 'root',
    doc: 'The root of a number',
    arguments: [
      { name: 'of', required: true, schema: { type: 'number', minimum: 0 } },
      { name: 'degree', required: false, schema: root?.arguments[1]?.schema },
    ],
    byName: true,
    result: { type: 'number' },
  })
  assert.equal(root?.arguments[1]?.schema?.['default'], 2)
})

test('an undeclared method is described with the names in its source', async () => {
  const add = (await describe()).methods.find(({ name }) => name === 'add')
  assert.deepEqual(add, {
    name: 'add',
    arguments: [
      { name: 'x', required: true },
      { name: 'y', required: false },
    ],
    byName: false,
  })
})

test('the built-in methods are there, and nothing of the life of a service', async () => {
  const names = (await describe()).methods.map(({ name }) => name)
  assert.deepEqual(names, ['add', 'describe', 'ping', 'root'])
})
