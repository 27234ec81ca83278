/** How results are written: as scripts know them, for programs, and in tables that fit. */
import assert from 'node:assert/strict'
import { array, assert as assertProperty, integer, jsonValue, property, record, string } from 'fast-check'
import stringWidth from 'string-width'
import { describe, test } from 'vitest'
import { parse } from 'yaml'
import { writeJson } from '../src/output/json.ts'
import { writeNames } from '../src/output/name.ts'
import { ago, kilobytes } from '../src/output/quantities.ts'
import { writeTable } from '../src/output/table.ts'
import { writeText } from '../src/output/text.ts'
import { column, type View } from '../src/output/view.ts'
import { truncate } from '../src/output/width.ts'
import { writeYaml } from '../src/output/yaml.ts'

const view: View = {
  key: 'address',
  columns: [column('address'), column('status'), { ...column('cpus'), right: true }],
}

describe('text', () => {
  test.each([
    [[], 'Success'],
    [{}, 'Success'],
    ['', 'Success'],
    [['a', 'b'], 'a\nb'],
    [['a', 1, true], 'a\n1\ntrue'],
    ['hash', 'hash'],
    [
      { name: 'web', hostset: ['b', 'a'], hosts: { total: 2 } },
      'hosts:\n  total: 2\nhostset:\n- b\n- a\nname: web',
    ],
    [[{ b: '', a: 'x' }], "- a: x\n  b: ''"],
    [
      { version: '7.10', when: '2015-12-17T15:48:18.710454', on: 'yes', none: null },
      `none: null\n'on': 'yes'\nversion: '7.10'\nwhen: '2015-12-17T15:48:18.710454'`,
    ],
  ])('%j', (value, expected) => {
    assert.equal(writeText(value), expected)
  })

  test('a long text stays on its line', () => {
    const reason = 'word '.repeat(60).trim()
    assert.equal(writeText({ reason }), `reason: ${reason}`)
  })

  test('what a host says cannot move the cursor', () => {
    assert.equal(writeText(['a\u001b[2Jb']), 'a\\x1b[2Jb')
    assert.ok(!writeText({ os: 'a\u001b[2Jb' }).includes('\u001b'))
  })
})

test('yaml says the same as the value, whatever it is', () => {
  assertProperty(
    property(jsonValue({ maxDepth: 3 }), (value) => {
      const read: unknown = parse(writeYaml(value), { version: '1.1' })
      assert.equal(JSON.stringify(read), JSON.stringify(sorted(value)))
    }),
  )
})

/** The value with the members of all its objects in order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  )
}

test('json keeps the order of the server', () => {
  assert.equal(writeJson({ b: 1, a: [] }), '{\n  "b": 1,\n  "a": []\n}')
})

test('names are one a line, from names and from things', () => {
  assert.equal(writeNames(['a', 'b'], { view }), 'a\nb')
  assert.equal(
    writeNames([{ address: '192.0.2.1' }, { address: '192.0.2.2' }], { view }),
    '192.0.2.1\n192.0.2.2',
  )
  assert.equal(writeNames({ address: '192.0.2.1' }, { view }), '192.0.2.1')
})

describe('tables', () => {
  test('line their columns up, numbers at the right', () => {
    const hosts = [
      { address: '192.0.2.1', status: 'active', cpus: 2 },
      { address: '192.0.2.200', status: '', cpus: 128 },
    ]
    const expected = 'ADDRESS      STATUS  CPUS\n192.0.2.1    active     2\n192.0.2.200  -        128'
    assert.equal(writeTable(hosts, { view, width: undefined }), expected)
  })

  test('count the columns of a terminal, not characters', () => {
    const table = writeTable(
      [
        { address: '主机', status: 'e\u0301' },
        { address: 'host', status: 'x' },
      ],
      { view, width: undefined },
    )
    const [, first, second] = table.split('\n')
    assert.equal(first, '主机     e\u0301          -')
    assert.equal(second, 'host     x          -')
  })

  test('are never wider than the terminal, whatever is in them', () => {
    const thing = record({
      address: string({ unit: 'grapheme' }),
      status: string({ unit: 'grapheme' }),
    })
    assertProperty(
      property(array(thing, { minLength: 1 }), integer({ min: 20, max: 120 }), (things, width) => {
        for (const line of writeTable(things, { view, width }).split('\n'))
          assert.ok(stringWidth(line) <= width)
      }),
    )
  })

  test('take room from the widest column, not from the name', () => {
    const table = writeTable([{ address: '192.0.2.1', status: 'a very long reason for a status' }], {
      view,
      width: 30,
    })
    assert.equal(table.split('\n')[1], '192.0.2.1  a very long …     -')
  })

  test('of things without a view show what there is', () => {
    assert.equal(
      writeTable([{ name: 'a', result: 'Success' }], { width: undefined }),
      'NAME  RESULT\na     Success',
    )
  })
})

test('a text is cut between letters, never within one', () => {
  assert.equal(truncate('👩‍👩‍👧 family', 4), '👩‍👩‍👧 …')
  assert.equal(truncate('主机名', 4), '主…')
})

test('quantities are short', () => {
  assert.deepEqual([0, 512, 1024, 8_388_608, 1_500_000_000].map(kilobytes), [
    '-',
    '512 KiB',
    '1.0 MiB',
    '8.0 GiB',
    '1.4 TiB',
  ])
  const now = Date.parse('2026-01-02T00:00:00Z')
  assert.deepEqual(
    ['2026-01-01T23:59:48.000000', '2026-01-01T23:00:00', '2025-12-01T00:00:00', '', 'soon'].map((time) =>
      ago(time, now),
    ),
    ['12 s ago', '1 h ago', '32 days ago', '-', '-'],
  )
})
