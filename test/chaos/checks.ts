/**
 * The promises that are held against a history. Each returns its violations as sentences; a promise that holds returns
 * none. docs/reference/guarantees.md names them.
 */
import type { Entry, History } from './history.ts'

/** The state at the end, when all faults are over. */
export interface EndState {
  readonly networks: ReadonlySet<string>
  readonly counter: number
}

/** How late the handling of a message may begin after its deadline, in milliseconds: the clocks are the same. */
const TOLERANCE = 1000

/** Compares a history with every promise. */
export function violationsOf(history: History, end: EndState): string[] {
  return [
    ...writeViolations(history, end),
    ...counterViolations(history, end),
    ...messageViolations(history),
    ...rebootViolations(history),
    ...budgetViolations(history),
  ]
}

/** What was acknowledged last is the state; what has no answer may be either. */
function writeViolations(history: History, { networks }: EndState): string[] {
  const last = new Map<string, Extract<Entry, { type: 'write' }>>()
  for (const write of history.of('write')) if (write.outcome !== 'refused') last.set(write.key, write)
  return [...last.values()].flatMap(({ key, action, outcome }) => {
    if (outcome === 'unknown') return []
    const isThere = networks.has(key)
    if (action === 'put' && !isThere) return [`the acknowledged write of ${key} was lost`]
    return action === 'delete' && isThere ? [`${key} came back after its acknowledged deletion`] : []
  })
}

function counterViolations(history: History, { counter }: EndState): string[] {
  const increments = history.of('increment')
  const done = increments.filter(({ outcome }) => outcome === 'done').length
  const unknown = increments.filter(({ outcome }) => outcome === 'unknown').length
  if (counter < done)
    return [`${done} increments were acknowledged, and the counter is ${counter}: updates were lost`]
  return counter > done + unknown
    ? [`the counter is ${counter} after at most ${done + unknown} increments`]
    : []
}

function messageViolations(history: History): string[] {
  const handled = history.of('handled')
  const ids = new Set(handled.map(({ id }) => id))
  const lost = history.of('sent').filter(({ id, outcome }) => outcome === 'done' && !ids.has(id))
  const late = handled.filter((entry) => entry.late > TOLERANCE)
  return [
    ...lost.map(({ id }) => `the accepted message ${id} was never handled`),
    ...late.map((entry) => `message ${entry.id} was handled ${Math.round(entry.late)} ms after its deadline`),
  ]
}

/** Within one operation no host is told twice to reboot. */
function rebootViolations(history: History): string[] {
  const told = new Map<string, number>()
  const violations: string[] = []
  for (const entry of history.entries) {
    if (entry.type === 'operation' && entry.phase === 'begun')
      for (const key of told.keys()) if (key.startsWith(`${entry.cluster} `)) told.delete(key)
    if (entry.type !== 'host' || entry.phase !== 'told') continue
    const key = `${entry.cluster} ${entry.address}`
    const times = (told.get(key) ?? 0) + 1
    told.set(key, times)
    if (times > 1) violations.push(`${entry.address} was rebooted ${times} times by one operation`)
  }
  return violations
}

/** The operations of a run take one host at a time. */
function budgetViolations(history: History): string[] {
  const down = new Map<string, Set<string>>()
  return history.of('host').flatMap(({ cluster, address, phase }) => {
    const hosts = down.get(cluster) ?? new Set()
    down.set(cluster, hosts)
    if (phase === 'down') hosts.add(address)
    else if (phase === 'up') hosts.delete(address)
    return phase === 'down' && hosts.size > 1
      ? [`of ${cluster} were down at once: ${[...hosts].join(', ')}`]
      : []
  })
}
