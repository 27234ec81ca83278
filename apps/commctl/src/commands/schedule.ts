/** `commctl schedule …`: operations that start on a schedule. */
import type { ArgumentRow, CommandRow } from '../cli/command.ts'
import { Failure } from '../cli/failure.ts'
import { shellLine } from '../operation/shell-line.ts'
import { ago, moment } from '../output/quantities.ts'
import { column, type View } from '../output/view.ts'
import { policyIn, policyOptions } from '../operation/policy.ts'
import { requireFound } from '../cli/require-found.ts'
import { route } from '../client/route.ts'
import { forEachName } from '../cli/for-each-name.ts'

const name: ArgumentRow = { name: 'NAME', text: 'name of the schedule', completes: 'schedules' }

const view: View = {
  key: 'name',
  columns: [
    column('name'),
    column('kind'),
    column('cluster'),
    column('when'),
    column('timezone'),
    { title: 'NEXT', cell: ({ enabled, next_run }) => (enabled === false ? 'disabled' : moment(next_run)) },
    { title: 'LAST', cell: ({ last_run }) => ago(last_run) },
    { title: 'RESULT', cell: ({ last_error, last_operation }) => last_error || last_operation },
  ],
}

const create: CommandRow = {
  name: 'create',
  summary: 'Makes a schedule, or changes the one of that name',
  arguments: [
    name,
    { name: 'KIND', text: 'what it begins', choices: ['upgrade', 'restart', 'deploy', 'exec'] },
    { name: 'CLUSTER', text: 'name of the cluster', completes: 'clusters' },
    {
      name: 'WHAT',
      text: 'the version of a deployment; the command of exec, after --',
      optional: true,
      many: true,
    },
  ],
  options: [
    { flags: '--when <PATTERN>', text: 'when: minute, hour, day, month and weekday, as cron has them' },
    { flags: '--timezone <ZONE>', text: 'whose clock is meant, such as Europe/Berlin (default: UTC)' },
    { flags: '--disabled', text: 'begin nothing until it is enabled' },
    ...policyOptions,
  ],
  examples: [
    `commctl schedule create --when '0 3 * * 6' --timezone Europe/Berlin --max-unavailable 20% weekly upgrade web`,
    `commctl schedule create --when '30 4 * * *' clean exec web -- journalctl --vacuum-time=7d`,
  ],
  view,
  run: async (session) => {
    const { parsed } = session
    const [kind, what] = [parsed.one('KIND'), parsed.many('WHAT')]
    const body = {
      kind,
      cluster: parsed.one('CLUSTER'),
      when: parsed.option('when'),
      timezone: parsed.option('timezone'),
      ...whatOf(kind, what),
      enabled: parsed.flag('disabled') ? false : undefined,
      policy: await policyIn(session),
    }
    return (await session.api()).put(route`/schedule/${parsed.one('NAME')}`, body)
  },
}

function whatOf(kind: string, words: readonly string[]): object {
  if (kind === 'exec') return words.length > 0 ? { command: shellLine(words) } : {}
  if (kind === 'deploy' && words.length <= 1) return { version: words[0] }
  if (words.length === 0) return {}
  const found = words.join(' ')
  throw new Failure(
    `"${found}" is too much: ${kind === 'deploy' ? 'a deployment takes one version' : `${kind} takes only a cluster`}.`,
  )
}

const get: CommandRow = {
  name: 'get',
  summary: 'Shows a schedule, and when it comes next',
  arguments: [name],
  examples: ['commctl schedule get weekly'],
  view,
  run: async ({ api, parsed }) => (await api()).get(route`/schedule/${parsed.one('NAME')}`),
}

const list: CommandRow = {
  name: 'list',
  summary: 'Lists all schedules',
  examples: ['commctl schedule list -o table', 'commctl schedule list -o name'],
  view,
  run: async ({ api }) => (await api()).get(route`/schedules`),
}

const remove: CommandRow = {
  name: 'delete',
  summary: 'Deletes schedules; what they have begun goes on',
  arguments: [{ ...name, many: true }],
  examples: ['commctl schedule delete weekly'],
  run: async ({ api, parsed }) => {
    const server = await api()
    return forEachName(parsed.many('NAME'), (schedule) => server.delete(route`/schedule/${schedule}`))
  },
}

function switches(word: 'enable' | 'disable', summary: string): CommandRow {
  return {
    name: word,
    summary,
    arguments: [name],
    examples: [`commctl schedule ${word} weekly`],
    view,
    run: async ({ api, parsed }) => {
      const server = await api()
      const path = route`/schedule/${parsed.one('NAME')}`
      requireFound(await server.get(path))
      return server.put(path, { enabled: word === 'enable' })
    },
  }
}

/** The word `schedule` and what may follow it. */
export const schedule = {
  examples: [
    `commctl schedule create --when '0 3 * * 6' weekly upgrade web`,
    'commctl schedule list -o table',
  ],
  commands: [
    create,
    get,
    list,
    remove,
    switches('enable', 'Lets a schedule begin operations again'),
    switches('disable', 'Lets a schedule begin nothing, until it is enabled'),
  ],
} satisfies Partial<CommandRow>
