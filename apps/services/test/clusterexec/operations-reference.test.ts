/** Holds the manual of operations to the tables and schemas that it describes. */
import { readFileSync } from 'node:fs'

import {
  Blackout,
  DrainPolicy,
  HealthPolicy,
  MaintenanceWindow,
  operationHostStates,
  operationKindNames,
  ControlRequest,
  parseAs,
  RolloutPolicy,
  rolloutStatuses,
} from '@commissaire/models'
import { stepNames, stepsOf } from '@commissaire/rollout'
import { expect, test } from 'vitest'

import { planFindingTable } from '../../src/clusterexec/planning/plan-findings.ts'
import { defaultDuration } from '../../src/clusterexec/planning/planning.ts'

const manual = readFileSync(new URL('../../../../docs/reference/operations.md', import.meta.url), 'utf8')

/** The rows of the table that begins with that heading. */
function rows(heading: string): string[][] {
  const [, after = ''] = manual.split(`\n| ${heading} |`)
  const [table = ''] = after.split('\n\n')
  return table
    .split('\n')
    .slice(2)
    .map((line) => line.split(' | ').map((cell) => cell.replaceAll(/^\| | \|$/g, '')))
}

const firstOf = (heading: string) => rows(heading).map(([name]) => name?.replaceAll('`', ''))

/** Members of a schema with their defaults, as the manual writes them. */
function membersOf(shape: object, given: Record<string, unknown>, prefix = ''): [string, string][] {
  return Object.keys(shape).map((name) => {
    const value = given[name]
    return [`${prefix}${name}`, value === undefined ? 'none' : `\`${JSON.stringify(value)}\``]
  })
}

test('the manual has every member of a policy with its default, and no ghost', () => {
  const { drain, health, ...policy } = parseAs(RolloutPolicy, {}, { name: 'policy' })
  const { drain: _drain, health: _health, ...shape } = RolloutPolicy.shape
  const members = membersOf(shape, policy)
  const after = (name: string, more: [string, string][]) =>
    members.splice(members.findIndex(([member]) => member === name) + 1, 0, ...more)
  const required = (shapeOf: object, prefix: string) =>
    membersOf(shapeOf, { timezone: 'UTC' }, prefix).map(([name, value]): [string, string] => [
      name,
      value === 'none' ? 'required' : value,
    ])
  after('windows', required(MaintenanceWindow.shape, 'windows[].'))
  after('blackouts', required(Blackout.shape, 'blackouts[].'))
  members.push(...membersOf(DrainPolicy.shape, drain, 'drain.'))
  members.push(...membersOf(HealthPolicy.shape, health, 'health.'))
  const told = rows('member | default | meaning').map(([member, value]) => [member, value])
  expect(told).toEqual(members.map(([name, value]) => [`\`${name}\``, value]))
})

test('the manual has every kind with its steps, and every step', () => {
  const kinds = operationKindNames.map((kind) => [
    `\`${kind}\``,
    stepsOf(kind)
      .map((step) => `\`${step}\``)
      .join(', '),
  ])
  const told = rows('kind | what is done to each host | steps').map(([kind, , steps]) => [kind, steps])
  expect(told).toEqual(kinds)
  expect(firstOf('step | what it does | what it fails with')).toEqual(stepNames)
})

test('the manual has every status, state and request', () => {
  expect(firstOf('status | meaning')).toEqual(rolloutStatuses)
  expect(firstOf('state of a host | meaning')).toEqual(operationHostStates)
  expect(firstOf('what | when | what it does')).toEqual(ControlRequest.shape.what.options)
})

test('the manual has every finding of a plan, how bad it is and its remedy, and no ghost', () => {
  const expected = Object.entries(planFindingTable).map(([code, { severity, meaning, remedy }]) => [
    `\`${code}\``,
    severity,
    meaning,
    `${remedy}.`,
  ])
  expect(rows('code | severity | meaning | remedy')).toEqual(expected)
})

test('the manual says how long hosts are taken to need', () => {
  const minutes = (kind: keyof typeof defaultDuration) => defaultDuration[kind] / 60_000
  expect(manual).toContain(
    `${minutes('upgrade')} minutes for \`upgrade\` and \`deploy\`, ${minutes('restart')} for \`restart\`, ` +
      `${minutes('exec')} for \`exec\`, ${minutes('drain')} for \`drain\``,
  )
  expect(defaultDuration.deploy).toBe(defaultDuration.upgrade)
})
