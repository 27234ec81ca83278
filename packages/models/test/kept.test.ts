/** Which attributes survive a save by a peer that does not know them. */
import assert from 'node:assert/strict'
import { test } from 'vitest'
import { z } from 'zod'
import { attributesOf, defineModel, type ModelDefinition, models } from '../src/index.ts'

/** What a save without them changes nothing of, model by model; no other model has later attributes. */
const kept: Record<string, readonly string[]> = {
  Host: ['labels', 'facts', 'host_key', 'zone', 'bootstrapped_at', 'reboot'],
  Cluster: ['bootstrap'],
}

for (const definition of Object.values<ModelDefinition>(models)) {
  test(`of ${definition.name} all later attributes are kept that do not belong to what an older peer writes`, () => {
    assert.deepEqual(definition.kept, kept[definition.name] ?? [])
  })
}

test('an attribute that is added to a schema, and nothing else is said of it, is kept', () => {
  const thing = defineModel({
    name: 'Thing',
    key: 'name',
    schema: z.object({ name: z.string(), size: z.number().default(0), colour: z.string().default('') }),
    original: ['name', 'size'],
  })
  assert.deepEqual(attributesOf(thing), ['name', 'size', 'colour'])
  assert.deepEqual(thing.kept, ['colour'])
})

test('what is stored must say what its first version had, and no attribute that there is not', () => {
  const schema = z.object({ name: z.string(), size: z.number().default(0) })
  // @ts-expect-error -- a stored model without its original attributes
  assert.deepEqual(defineModel({ name: 'Thing', key: 'name', schema }).kept, [])
  // @ts-expect-error -- "weight" is no attribute
  assert.deepEqual(defineModel({ name: 'Thing', key: 'name', schema, original: ['weight'] }).kept, [
    'name',
    'size',
  ])
  assert.deepEqual(defineModel({ name: 'Thing', schema }).kept, [])
})
