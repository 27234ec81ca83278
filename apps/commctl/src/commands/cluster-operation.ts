/** `commctl cluster deploy|restart|upgrade start|status`: rolling operations, and watching them. */
import type { Answer, Api } from '../api.ts'
import { route } from '../route.ts'
import type { ArgumentRow, CommandRow, OptionRow, Outcome, Session } from '../command.ts'
import { column, type View } from '../output/view.ts'

type Kind = 'deploy' | 'restart' | 'upgrade'

const name: ArgumentRow = { name: 'NAME', text: 'name of the cluster', completes: 'clusters' }
const version: ArgumentRow = { name: 'VERSION', text: 'version to deploy' }

const watchOptions: readonly OptionRow[] = [
  {
    flags: '-w, --watch',
    text: 'stay and show the progress of each host; status 0 when it finished, 2 when it failed',
  },
  { flags: '--interval <SECONDS>', text: 'how often to look, with --watch (default: 1)' },
]

const size = (value: unknown) => (typeof value === 'object' && value !== null ? Object.keys(value).length : 0)

const view: View = {
  key: 'name',
  columns: [
    column('name'),
    column('status'),
    {
      title: 'DONE',
      cell: (operation) => size(operation.deployed ?? operation.restarted ?? operation.upgraded),
      right: true,
    },
    { title: 'IN PROCESS', cell: (operation) => size(operation.in_process), right: true },
    { title: 'FAILED', cell: (operation) => size(operation.failures), right: true },
    column('started_at'),
    column('finished_at'),
    column('reason'),
  ],
}

function operation(kind: Kind, texts: { summary: string; start: string; operands?: string }): CommandRow {
  const operands = texts.operands ?? ''
  return {
    name: kind,
    summary: texts.summary,
    examples: [`commctl cluster ${kind} start web${operands} --watch`, `commctl cluster ${kind} status web`],
    commands: [
      {
        name: 'start',
        summary: texts.start,
        arguments: kind === 'deploy' ? [name, version] : [name],
        options: watchOptions,
        examples: [
          `commctl cluster ${kind} start web${operands}`,
          `commctl cluster ${kind} start web${operands} --watch`,
        ],
        view,
        run: (session) => perform(session, kind, (api, path) => api.put(path, bodyOf(session, kind))),
      },
      {
        name: 'status',
        summary: `Shows how far the last ${kind} of a cluster is`,
        arguments: [name],
        options: watchOptions,
        examples: [`commctl cluster ${kind} status web`, `commctl cluster ${kind} status web --watch`],
        view,
        run: (session) => perform(session, kind, (api, path) => api.get(path)),
      },
    ],
  }
}

function bodyOf({ given }: Session, kind: Kind): object {
  return kind === 'deploy' ? { version: given.one('VERSION') } : {}
}

async function perform(
  session: Session,
  kind: Kind,
  ask: (api: Api, path: string) => Promise<Answer>,
): Promise<Outcome> {
  const cluster = session.given.one('NAME')
  const answer = await ask(await session.api(), `${route`/cluster/${cluster}`}/${kind}`)
  if (!answer.found || !session.given.flag('watch')) return answer
  const { watch } = await import('../watch.ts')
  return watch(session, { kind, cluster, first: answer.value, view })
}

/** Bringing every host of a cluster to one version. */
export const deploy = operation('deploy', {
  summary: 'Brings every host of a cluster to one version, in turn',
  start: 'Starts to deploy a version',
  operands: ' 41.20250915.0',
})

/** Restarting every host of a cluster. */
export const restart = operation('restart', {
  summary: 'Restarts every host of a cluster, in turn',
  start: 'Starts to restart the hosts',
})

/** Bringing every host of a cluster up to date. */
export const upgrade = operation('upgrade', {
  summary: 'Brings every host of a cluster up to date, in turn',
  start: 'Starts to upgrade the hosts',
})
