/** Formats the progress as text: whole frames for a terminal, single changes for a file. */
import { printable } from '../output/printable.ts'
import { span, timeOf } from '../output/quantities.ts'
import { pad, truncate, widthOf } from '../output/width.ts'
import type { HostProgress, HostState, Progress } from './progress.ts'

const BAR = 24

const marks: Record<HostState, string> = {
  done: '✓',
  'in process': '▸',
  failed: '✗',
  skipped: '-',
  waiting: '·',
  'not started': '·',
}

/** Which hosts matter most when there is no room for all. */
const urgency: readonly HostState[] = ['failed', 'in process', 'waiting', 'skipped', 'not started', 'done']

/** How much room there is, and what else is to be said. */
export interface FrameOptions {
  readonly columns: number
  readonly rows: number
  /** Said below the hosts, like that the server does not answer just now. */
  readonly note?: string | undefined
  readonly now?: number
}

/** One frame: the bar, and a line for each host as far as there is room. */
export function frameOf(
  progress: Progress,
  { columns, rows, note, now = Date.now() }: FrameOptions,
): string[] {
  const fixed = [note ?? '', printable(progress.reason)].filter((line) => line !== '')
  const { shown, hidden } = pick(progress.hosts, Math.max(1, rows - 3 - fixed.length))
  const widest = Math.max(0, ...shown.map(({ address }) => widthOf(address)))
  const lines = shown.map((host) => `  ${marks[host.state]} ${pad(host.address, widest)}  ${describe(host)}`)
  const rest = hidden.length > 0 ? [`    and ${countByState(hidden)}`] : []
  return [headline(progress, now), ...lines, ...rest, ...fixed].map((line) => truncate(line, columns - 1))
}

/** `Upgrade of web: in process  [######>>x---]  2 of 4, 1 failed  1 min` */
function headline(progress: Progress, now: number): string {
  const { title, status, done, total, hosts } = progress
  const failed = hosts.filter(({ state }) => state === 'failed').length
  const counts = `${done} of ${total}${failed > 0 ? `, ${failed} failed` : ''}`
  return `${title}: ${status.replace('_', ' ')}  ${barOf(progress)}  ${counts}  ${duration(progress, now)}`.trimEnd()
}

/** What part of the bar belongs to which state. */
const fillings: readonly (readonly [HostState, string])[] = [
  ['done', '#'],
  ['skipped', '.'],
  ['in process', '>'],
  ['failed', 'x'],
]

function barOf({ hosts, total }: Progress): string {
  if (total === 0) return `[${'#'.repeat(BAR)}]`
  let [counted, bar] = [0, '']
  for (const [state, mark] of fillings) {
    counted += hosts.filter((host) => host.state === state).length
    bar = bar.padEnd(Math.floor((counted / total) * BAR), mark)
  }
  return `[${bar.padEnd(BAR, '-')}]`
}

function pick(hosts: readonly HostProgress[], room: number) {
  if (hosts.length <= room) return { shown: hosts, hidden: [] }
  const byUrgency = [...hosts].sort((a, b) => urgency.indexOf(a.state) - urgency.indexOf(b.state))
  const chosen = new Set(byUrgency.slice(0, Math.max(1, room - 1)))
  return {
    shown: hosts.filter((host) => chosen.has(host)),
    hidden: hosts.filter((host) => !chosen.has(host)),
  }
}

function countByState(hosts: readonly HostProgress[]): string {
  const counts = urgency.map((state) => ({
    state,
    count: hosts.filter((host) => host.state === state).length,
  }))
  return counts.flatMap(({ state, count }) => (count > 0 ? [`${count} ${state}`] : [])).join(', ')
}

function describe({ state, step, reason }: HostProgress): string {
  const where = step && (state === 'failed' ? ` at ${printable(step)}` : `: ${printable(step)}`)
  return [`${state}${where ?? ''}`, ...(reason ? [printable(reason)] : [])].join(': ')
}

/** How long it has taken so far, or took. */
function duration({ startedAt, finishedAt }: Progress, now: number): string {
  const start = timeOf(startedAt)
  return start === undefined ? '' : span(Math.max(0, ((timeOf(finishedAt) ?? now) - start) / 1000))
}

/** What is new since the progress before, a line for each; everything when there was none. */
export function changesOf(progress: Progress, before: Progress | undefined): string[] {
  const known = new Map(before?.hosts.map((host) => [host.address, describe(host)]))
  const fresh = progress.hosts.filter((host) => known.get(host.address) !== describe(host))
  const worth = before ? fresh : fresh.filter(({ state }) => state !== 'waiting')
  const heading = before ? [] : [`${progress.title}: ${progress.total} hosts`]
  return [...heading, ...worth.map((host) => `${host.address}: ${describe(host)}`)]
}

/** The last line: `Upgrade of web: failed, 1 of 3 done in 4 min: the host did not come back`. */
export function summaryOf(progress: Progress, now = Date.now()): string {
  const { title, status, done, total, reason } = progress
  const time = duration(progress, now)
  return `${title}: ${status.replace('_', ' ')}, ${done} of ${total} done${time && ` in ${time}`}${reason && `: ${printable(reason)}`}`
}
