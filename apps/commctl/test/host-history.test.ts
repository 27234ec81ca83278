/** The history of a host: steps with what became of them, and what happened in between, in the words of the journal. */
import assert from 'node:assert/strict'
import { test } from 'vitest'
import { historyOf, rowsOf } from '../src/operation/host-history.ts'

const journal = [
  { at: 0, type: 'begun' },
  { at: 0, type: 'step_began', step: 'drain' },
  { at: 300_000, type: 'step_failed', step: 'drain', reason: 'budget: 0 allowed', code: 'budget' },
  { at: 400_000, type: 'retried' },
  { at: 400_000, type: 'step_began', step: 'drain' },
  { at: 401_000, type: 'step_noted', step: 'drain', note: { pods: 3 } },
  { at: 460_000, type: 'step_done', step: 'drain' },
  { at: 460_000, type: 'step_began', step: 'reboot' },
  { at: 461_000, type: 'step_done', step: 'reboot', note: { not_needed: 'nothing asks for it' } },
  { at: 461_000, type: 'step_began', step: 'health' },
]

test('each step has its result and how long it took, also the second time', () => {
  const rows = rowsOf(journal, 463_000).map(({ step, result, took, note }) => [step, result, took, note])
  assert.deepEqual(rows, [
    ['', 'begun', '', ''],
    ['drain', 'failed', '5 min', 'budget: 0 allowed'],
    ['', 'retried', '', ''],
    ['drain', 'done', '1 min', ''],
    ['reboot', 'not needed', '1 s', 'nothing asks for it'],
    ['health', 'under way', '2 s', ''],
  ])
})

test('what is left out is said, and what a host prints cannot move the cursor', () => {
  const host = {
    address: 'a',
    state: 'failed',
    step: 'act',
    reason: 'it broke',
    journal: [],
    output: ['x\u001b[2J'],
    dropped: 7,
  }
  assert.equal(
    historyOf(host, undefined),
    'a: failed at act: it broke\n\nOUTPUT (7 lines before are not kept)\nx\\x1b[2J',
  )
})

test('a journal that is none is no accident', () => {
  assert.deepEqual(rowsOf('gone'), [])
  assert.equal(historyOf({}, undefined), ': ')
})
