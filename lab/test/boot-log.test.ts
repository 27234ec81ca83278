/** The arithmetic by which a boot log proves that never more than so many hosts were down. */
import { type BootEvent, downtimes, mostDownAtOnce } from '@commissaire/lab'
import { expect, test } from 'vitest'

test('the first boot is no downtime, for nobody missed the host yet', () => {
  expect(downtimes(log('1 boot', '3 up'))).toEqual([])
})

test('a host is down from its first word of goodbye until it is up again', () => {
  const reboot = log('1 boot', '3 up', '10 down', '11 ended', '11 boot', '13 up')
  expect(downtimes(reboot)).toEqual([{ from: 10, to: 13 }])
})

test('a host that stays off is down without end', () => {
  expect(downtimes(log('1 boot', '3 up', '10 ended'))).toEqual([{ from: 10, to: undefined }])
})

test('hosts that take turns are never down together', () => {
  const first = log('1 up', '10 down', '13 up')
  const second = log('1 up', '13 down', '16 up')
  expect(mostDownAtOnce([first, second])).toBe(1)
})

test('hosts whose downtimes overlap are counted together', () => {
  const first = log('1 up', '10 down', '13 up')
  const second = log('1 up', '12.9 down', '16 up')
  const third = log('1 up', '12.95 down')
  expect(mostDownAtOnce([first, second, third])).toBe(3)
})

test('a host that never came up is in nobody’s way', () => {
  expect(mostDownAtOnce([log('1 boot'), []])).toBe(0)
})

function log(...lines: string[]): BootEvent[] {
  const event: Record<string, BootEvent['event']> = { boot: 'boot', up: 'up', down: 'down', ended: 'ended' }
  return lines.map((line) => {
    const [at, word = ''] = line.split(' ')
    return { at: Number(at), event: event[word] ?? 'ended', detail: '' }
  })
}
