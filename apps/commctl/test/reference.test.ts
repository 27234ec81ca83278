/** The manual says what the table of commands says. */
import assert from 'node:assert/strict'
import { networkTypes, containerManagerTypes } from '@commissaire/models'
import { expect, test } from 'vitest'
import { type CommandRow, loadTable } from '../src/index.ts'
import { reference } from './reference.ts'

test('docs/reference/commctl.md is what the table makes of it', async () => {
  await expect(await reference()).toMatchFileSnapshot('../../../docs/reference/commctl.md')
})

test('the types that commands offer are those that the models have', async () => {
  const rows = await loadTable()
  const suggested = (name: string) =>
    rows
      .find((row) => row.name === name)
      ?.commands?.find((row) => row.name === 'create')
      ?.options?.find(({ flags }) => flags.includes('--type'))?.suggests
  assert.deepEqual([...(suggested('network') ?? [])].sort(), [...networkTypes].sort())
  assert.deepEqual([...(suggested('container_manager') ?? [])].sort(), [...containerManagerTypes].sort())
})

test('every command has an example that begins as it is called', async () => {
  const check = (row: CommandRow, path: string): void => {
    const words = `${path} ${row.name}`
    assert.ok(
      row.examples.some((example) => example.includes(words)),
      `${words} has no example`,
    )
    for (const sub of row.commands ?? []) check(sub, words)
  }
  for (const row of await loadTable()) check(row, 'commctl')
})
