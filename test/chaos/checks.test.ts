/** Every promise of a chaos run can be seen to be broken. */
import { expect, test } from 'vitest'
import { violationsOf } from './checks.ts'
import { type Happening, History } from './history.ts'

function violations(
  happenings: readonly Happening[],
  { networks = [] as string[], counter = 0 } = {},
): string[] {
  const history = new History()
  for (const happening of happenings) history.add(happening)
  return violationsOf(history, { networks: new Set(networks), counter })
}

const write = (action: 'put' | 'delete', outcome: 'done' | 'refused' | 'unknown'): Happening => ({
  type: 'write',
  action,
  key: 'a',
  outcome,
})
const host = (address: string, phase: 'told' | 'down' | 'up'): Happening => ({
  type: 'host',
  cluster: 'c',
  address,
  phase,
})
const begun: Happening = { type: 'operation', cluster: 'c', phase: 'begun', id: '1', status: '' }

test.each<[string, Happening[], { networks?: string[]; counter?: number }, RegExp]>([
  ['a lost write', [write('put', 'done')], {}, /write of a was lost/],
  [
    'a deleted thing that came back',
    [write('put', 'done'), write('delete', 'done')],
    { networks: ['a'] },
    /came back/,
  ],
  ['a lost update', [{ type: 'increment', outcome: 'done' }], { counter: 0 }, /updates were lost/],
  ['an update done twice', [{ type: 'increment', outcome: 'done' }], { counter: 2 }, /at most 1/],
  ['a lost message', [{ type: 'sent', id: '1', outcome: 'done' }], {}, /never handled/],
  ['a late message', [{ type: 'handled', id: '1', late: 5000 }], {}, /5000 ms after/],
  ['a host rebooted twice', [begun, host('h', 'told'), host('h', 'told')], {}, /rebooted 2 times/],
  ['two hosts down at once', [begun, host('h', 'down'), host('i', 'down')], {}, /down at once: h, i/],
])('%s is a violation', (_what, happenings, state, message) => {
  expect(violations(happenings, state)).toEqual([expect.stringMatching(message)])
})

test('what is as it should be, or not known, is no violation', () => {
  const happenings: Happening[] = [
    write('put', 'done'),
    write('delete', 'unknown'),
    { type: 'increment', outcome: 'done' },
    { type: 'increment', outcome: 'unknown' },
    { type: 'sent', id: '1', outcome: 'unknown' },
    { type: 'sent', id: '2', outcome: 'done' },
    { type: 'handled', id: '2', late: -100 },
    begun,
    host('h', 'told'),
    host('h', 'down'),
    host('h', 'up'),
    begun,
    host('h', 'told'),
    host('h', 'down'),
  ]
  expect(violations(happenings, { counter: 2 })).toEqual([])
  expect(violations(happenings, { counter: 1, networks: ['a'] })).toEqual([])
})
