/** Formats an operation as a summary and a table of its hosts. */
import { isObject, member, textOf } from '../client/json-value.ts'
import { printable } from '../output/printable.ts'
import { moment, span, timeOf } from '../output/quantities.ts'
import { writeTable } from '../output/table.ts'
import { column, type View } from '../output/view.ts'

/** How operations look in a table. */
export const operationView: View = {
  key: 'id',
  columns: [
    column('id'),
    column('kind'),
    column('cluster'),
    column('status'),
    { title: 'HOSTS', cell: ({ hosts }) => countsOf(hosts) },
    { title: 'STARTED', cell: ({ started_at }) => moment(started_at) },
    { title: 'TOOK', cell: (operation) => tookOf(operation) },
    column('reason'),
  ],
}

const memberView: View = {
  key: 'address',
  columns: [
    column('address', 'HOST'),
    column('zone'),
    column('state'),
    column('step'),
    { title: 'TOOK', cell: (host) => tookOf(host) },
    column('reason'),
  ],
}

/** Where an operation stands, with its hosts where they are known. */
export function summaryOf(operation: unknown, width: number | undefined): string {
  const members = member(operation, 'members')
  const lines = [
    headOf(operation),
    ...line('command', member(operation, 'command')),
    ...line('version', member(operation, 'version')),
    ...line('reason', member(operation, 'reason')),
    `  started: ${moment(member(operation, 'started_at'))}`,
    ...line('by', member(operation, 'asked_by')),
    ...requestsOf(operation),
    ...line('took', tookOf(operation)),
    ...nextSteps(operation),
  ]
  if (!Array.isArray(members) || members.length === 0) return lines.join('\n')
  return [...lines, '', writeTable(members, { view: memberView, width })].join('\n')
}

/** `3 done, 1 failed, 6 waiting` */
export function countsOf(hosts: unknown): string {
  if (!isObject(hosts)) return ''
  const order = ['done', 'working', 'failed', 'skipped', 'untouched', 'waiting']
  return order
    .flatMap((state) => (Number(hosts[state]) > 0 ? [`${String(hosts[state])} ${state}`] : []))
    .join(', ')
}

/** How long something has taken so far, or took. */
export function tookOf(thing: unknown, now = Date.now()): string {
  const start = timeOf(member(thing, 'started_at'))
  if (start === undefined) return ''
  return span(Math.max(0, ((timeOf(member(thing, 'finished_at')) ?? now) - start) / 1000))
}

function headOf(operation: unknown): string {
  const [id, kind, cluster, status] = ['id', 'kind', 'cluster', 'status'].map((name) =>
    printable(textOf(member(operation, name)) ?? '?'),
  )
  const counts = countsOf(member(operation, 'hosts')) || 'no hosts'
  return `${id}\n  ${kind} of ${cluster}: ${status?.replace('_', ' ')}, ${counts}`
}

function line(name: string, value: unknown): string[] {
  const text = textOf(value)
  return text === undefined ? [] : [`  ${name}: ${printable(text)}`]
}

/** What one can do about an operation that waits for somebody. */
function nextSteps(operation: unknown): string[] {
  const id = textOf(member(operation, 'id'))
  if (id === undefined || member(operation, 'status') !== 'paused') return []
  const hasFailed = Number(member(member(operation, 'hosts'), 'failed')) > 0
  const verbs = hasFailed ? 'retry|skip|resume|cancel' : 'resume|cancel'
  return [`  next: commctl operation ${verbs} ${id}`]
}

/** What was asked of it, when and by whom. */
function requestsOf(operation: unknown): string[] {
  const requests = member(operation, 'requests')
  if (!Array.isArray(requests)) return []
  return requests.flatMap((request) => {
    const [what, by, reason] = ['what', 'by', 'reason'].map((name) => textOf(member(request, name)) ?? '')
    const who = `${by ? ` by ${by}` : ''}${reason ? `: ${reason}` : ''}`
    return line('asked', `${what} at ${moment(member(request, 'at'))}${who}`)
  })
}
