/** `commctl operation …`: the progress and the control of rolling operations. */
import { addressOf } from '../client/address.ts'
import type { ArgumentRow, CommandRow, OptionRow, Session } from '../cli/command.ts'
import { historyOf } from '../operation/host-history.ts'
import { showOperation } from '../operation/begin.ts'
import { operationView as view, summaryOf } from '../operation/summary.ts'
import { report } from '../output/report.ts'
import { requireFound } from '../cli/require-found.ts'
import { route } from '../client/route.ts'
import { watchingOptions, watchOptions } from '../watch/options.ts'

const id: ArgumentRow = { name: 'ID', text: 'id of the operation', completes: 'operations' }
const host: ArgumentRow = { name: 'HOST', text: 'name or address of a host in it', completes: 'hosts' }
const sample = 'upgrade-web-20261124T083000-1f2e3d'

const list: CommandRow = {
  name: 'list',
  summary: 'Lists operations, the latest first',
  options: [
    { flags: '-c, --cluster <CLUSTER>', text: 'only those of this cluster', completes: 'clusters' },
    {
      flags: '-k, --kind <KIND>',
      text: 'only those of this kind',
      suggests: ['upgrade', 'restart', 'deploy', 'exec', 'drain'],
    },
    {
      flags: '-s, --status <STATUS>',
      text: 'only those that stand so',
      suggests: ['in_process', 'pausing', 'paused', 'cancelling', 'finished', 'failed', 'cancelled'],
    },
    { flags: '--limit <N>', text: 'at most so many (default: 100)' },
  ],
  examples: [
    'commctl operation list -o table',
    'commctl operation list --cluster web --status paused -o name',
  ],
  view,
  run: async ({ api, parsed }) => {
    const filter = new URLSearchParams()
    for (const name of ['cluster', 'kind', 'status', 'limit']) {
      const value = parsed.option(name)
      if (value !== undefined) filter.set(name, value)
    }
    return (await api()).get(`${route`/operations`}${filter.size > 0 ? `?${filter.toString()}` : ''}`)
  },
}

const get: CommandRow = {
  name: 'get',
  summary: 'Shows an operation and where each of its hosts is; with HOST, what happened to that one',
  description:
    'Shows where an operation stands, and each of its hosts with state, step and reason. With HOST it shows the steps that ' +
    'this host was taken through, how long each took, and what the commands printed.',
  arguments: [id, { ...host, optional: true }],
  examples: [`commctl operation get ${sample}`, `commctl operation get ${sample} 192.0.2.10`],
  view,
  run: async (session) => {
    const { parsed } = session
    const [operation, name] = [parsed.one('ID'), parsed.optional('HOST')]
    const api = await session.api()
    const path =
      name === undefined
        ? route`/operations/${operation}`
        : route`/operations/${operation}/hosts/${await addressOf(name)}`
    const answer = await api.get(path)
    if (!answer.found) return answer
    const { value } = answer
    const text = name === undefined ? summaryOf : historyOf
    return report(session, {
      value,
      view: name === undefined ? view : { ...view, key: 'address' },
      text: (width) => text(value, width),
    })
  },
}

const watch: CommandRow = {
  name: 'watch',
  summary: 'Shows the progress of an operation until it is over, or waits for somebody',
  description:
    'Shows how many hosts are done, which are in which step, and failures as they come, until the operation is over or ' +
    'paused. Status 0 when it finished, 3 when it failed, paused or was cancelled. Ctrl-C ends the watch, not the operation.',
  arguments: [id],
  options: watchingOptions,
  examples: [`commctl operation watch ${sample}`],
  view,
  run: async (session) => {
    const operation = session.parsed.one('ID')
    requireFound(await (await session.api()).get(route`/operations/${operation}`))
    const [watching, { operationById }] = await Promise.all([
      import('../watch/watch.ts'),
      import('../watch/operation.ts'),
    ])
    return watching.watch(session, operationById(operation))
  },
}

const reason: OptionRow = { flags: '-r, --reason <TEXT>', text: 'why, for the history' }

/** A command that asks something of an operation. */
function asks(
  name: string,
  row: Pick<CommandRow, 'summary' | 'description' | 'arguments' | 'options'> & { example?: string },
): CommandRow {
  const { example = '', arguments: more = [], options = [], ...texts } = row
  return {
    ...texts,
    name,
    arguments: [id, ...more],
    options: [reason, ...options],
    examples: [`commctl operation ${name} ${sample}${example}`],
    view,
    run: (session) => ask(session, name),
  }
}

async function ask(session: Session, verb: string): Promise<number> {
  const { parsed } = session
  const hosts = await Promise.all(parsed.many('HOST').map(addressOf))
  const pace = parsed.optional('MAX_UNAVAILABLE')
  const body = {
    reason: parsed.option('reason'),
    ...(hosts.length > 0 && { hosts }),
    ...(pace !== undefined && { max_unavailable: /^\d+$/.test(pace) ? Number(pace) : pace }),
  }
  const api = await session.api()
  return showOperation(session, await api.put(`${route`/operations/${parsed.one('ID')}`}/${verb}`, body))
}

const some: ArgumentRow = { ...host, many: true, optional: true }

const pause = asks('pause', {
  summary: 'Begins no further host; those that were begun come to their end, or back where they were',
  example: ' --reason "the database is slow"',
})

const resume = asks('resume', {
  summary: 'Goes on with a paused operation',
  options: watchOptions,
  example: ' --watch',
})

const cancel = asks('cancel', {
  summary: 'Ends an operation; hosts that were begun come to their end, or back where they were',
})

const retry = asks('retry', {
  summary: 'Takes failed hosts up again at the step that failed, and goes on; without HOST, all of them',
  arguments: [some],
  options: watchOptions,
  example: ' 192.0.2.10 --watch',
})

const skip = asks('skip', {
  summary: 'Leaves out hosts that wait or failed',
  arguments: [{ ...host, many: true }],
  example: ' 192.0.2.10',
})

const release = asks('release', {
  summary: 'Lets go on with hosts that a drain holds; without HOST, all of them',
  arguments: [some],
  options: watchOptions,
  example: ' 192.0.2.10',
})

const concurrency = asks('concurrency', {
  summary: 'Changes how many hosts may be away at once, while it goes on',
  arguments: [{ name: 'MAX_UNAVAILABLE', text: 'how many hosts, or a part such as 20%' }],
  example: ' 20%',
})

/** The word `operation` and what may follow it. */
export const operation = {
  examples: ['commctl operation list -o table', `commctl operation watch ${sample}`],
  commands: [list, get, watch, pause, resume, cancel, retry, skip, release, concurrency],
} satisfies Partial<CommandRow>
