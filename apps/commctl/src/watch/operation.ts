/** Reads an operation with its hosts and their steps from `/operations/{id}`. */
import type { OperationHostState } from '@commissaire/models'
import { Failure } from '../cli/failure.ts'
import { isObject, member, textOf } from '../client/json-value.ts'
import { operationView } from '../operation/summary.ts'
import type { View } from '../output/view.ts'
import { route } from '../client/route.ts'
import type { Sight, Watched } from './watch.ts'
import type { HostProgress, HostState, Progress } from './progress.ts'

/** What is needed to watch the operation of that id; what is printed in the end may be another view of it. */
export function operationById(id: string, last: Pick<Watched, 'last'> & { view?: View } = {}): Watched {
  return {
    id,
    view: operationView,
    again: `operation watch ${id}`,
    first: { value: {}, progress: progressOfOperation({ id }) },
    async look(api): Promise<Sight> {
      const answer = await api.get(route`/operations/${id}`)
      if (!answer.found) throw new Failure(answer.reason ?? `There is no operation ${id} any more.`)
      return { value: answer.value, progress: progressOfOperation(answer.value) }
    },
    ...last,
  }
}

const states: Readonly<Record<OperationHostState, HostState>> = {
  waiting: 'waiting',
  working: 'in process',
  done: 'done',
  failed: 'failed',
  skipped: 'skipped',
  untouched: 'not started',
}

/** Where it goes on only when somebody says so, or not at all. */
const over = new Set<unknown>(['finished', 'failed', 'cancelled', 'paused'])

/** How far it is. */
export function progressOfOperation(operation: unknown): Progress {
  const text = (name: string) => textOf(member(operation, name)) ?? ''
  const members = member(operation, 'members')
  const hosts = (Array.isArray(members) ? members : []).filter(isObject).map(hostProgress)
  const [kind, cluster] = [text('kind'), text('cluster')]
  return {
    title: kind === '' ? text('id') : `${kind.charAt(0).toUpperCase()}${kind.slice(1)} of ${cluster}`,
    status: text('status'),
    over: over.has(text('status')),
    reason: text('reason'),
    hosts,
    done: hosts.filter(({ state }) => state === 'done').length,
    total: hosts.length,
    startedAt: text('started_at'),
    finishedAt: text('finished_at'),
  }
}

function hostProgress(host: Readonly<Record<string, unknown>>): HostProgress {
  const known = Object.entries(states).find(([state]) => state === host.state)
  const state = known?.[1] ?? 'waiting'
  const step = state === 'in process' || state === 'failed' ? textOf(host.step) : undefined
  return { address: String(host.address), state, reason: textOf(host.reason) ?? '', ...(step && { step }) }
}
