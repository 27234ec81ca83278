/** Formats the plan of an operation: the turns with their times, hosts that are left out, and findings. */
import { isObject, member, textOf } from '../client/json-value.ts'
import { printable } from '../output/printable.ts'
import { moment, span, timeOf } from '../output/quantities.ts'
import { writeTable } from '../output/table.ts'
import { column, type View } from '../output/view.ts'

type Thing = Readonly<Record<string, unknown>>

/** How the hosts of a plan look in a table, and what names them. */
export const planView: View = {
  key: 'address',
  columns: [
    column('address', 'HOST'),
    column('zone'),
    { title: 'BEGINS', cell: ({ begins }) => moment(begins) },
    { title: 'ENDS', cell: ({ ends }) => moment(ends) },
    { title: 'FINDINGS', cell: ({ findings }) => severities(findings) },
  ],
}

const leftOutView: View = { key: 'address', columns: [column('address', 'LEFT OUT'), column('reason')] }

/** The whole plan as text. */
export function planText(plan: unknown, width: number | undefined): string {
  const [hosts, leftOut] = [things(plan, 'hosts'), things(plan, 'left_out')]
  const parts = [
    headOf(plan, hosts.length),
    ...(hosts.length > 0 ? [writeTable(hosts, { view: planView, width })] : []),
    ...(leftOut.length > 0 ? [writeTable(leftOut, { view: leftOutView, width })] : []),
    ...findingsIn(plan).map(findingText),
  ]
  return parts.join('\n\n')
}

/** Whether something would keep the operation, or a host of it, from its end. */
export function isBlocked(plan: unknown): boolean {
  return (
    textOf(member(plan, 'stops')) !== undefined ||
    findingsIn(plan).some(({ severity }) => severity === 'blocks')
  )
}

/** What blocks comes first. */
function findingsIn(plan: unknown): Thing[] {
  const all = [
    ...things(plan, 'findings'),
    ...things(plan, 'hosts').flatMap((host) => things(host, 'findings')),
  ]
  return all.sort((one, other) => rank(one) - rank(other))
}

const rank = ({ severity }: Thing): number => (severity === 'blocks' ? 0 : 1)

function headOf(plan: unknown, count: number): string {
  const [kind, cluster] = [member(plan, 'kind'), member(plan, 'cluster')].map((name) =>
    printable(String(name)),
  )
  const stops = textOf(member(plan, 'stops'))
  const end = timeOf(member(plan, 'ends_at'))
  const hosts = `${count} ${count === 1 ? 'host' : 'hosts'}`
  if (stops !== undefined)
    return `Plan of ${kind} of ${cluster}: ${hosts}, but it would stop: ${printable(stops)}`
  if (end === undefined) return `Plan of ${kind} of ${cluster}: ${hosts}`
  const left = span(Math.max(0, (end - Date.now()) / 1000))
  return `Plan of ${kind} of ${cluster}: ${hosts}, done by ${moment(end)}, in ${left}`
}

function findingText(finding: Thing): string {
  const [severity, address, message, remedy, code] = ['severity', 'address', 'message', 'remedy', 'code'].map(
    (name) => printable(textOf(finding[name]) ?? ''),
  )
  const whose = address && !message?.includes(address) ? `${address}: ` : ''
  return `${severity}  ${whose}${message} (${code})\n        ${remedy}`
}

function severities(findings: unknown): string {
  const all = Array.isArray(findings) ? findings : []
  const count = (severity: string) => all.filter((finding) => member(finding, 'severity') === severity).length
  const counted = [
    { word: 'blocks', number: count('blocks') },
    { word: 'warns', number: count('warns') },
  ]
  return counted.flatMap(({ word, number }) => (number > 0 ? [`${number} ${word}`] : [])).join(', ')
}

function things(value: unknown, name: string): Thing[] {
  const list = member(value, name)
  return Array.isArray(list) ? list.filter(isObject) : []
}
