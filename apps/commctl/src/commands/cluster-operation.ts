/** `commctl cluster deploy|restart|upgrade start|status`: rolling operations, and watching them. */
import type { Answer, Api } from '../client/api.ts'
import { route } from '../client/route.ts'
import type { ArgumentRow, CommandRow, Outcome, Session } from '../cli/command.ts'
import { member, textOf } from '../client/json-value.ts'
import { beginOptions, showPlan } from '../operation/begin.ts'
import { column, type View } from '../output/view.ts'
import { policyIn } from '../operation/policy.ts'
import { requireFound } from '../cli/require-found.ts'
import { watchOptions } from '../watch/options.ts'

type Kind = 'deploy' | 'restart' | 'upgrade'

const name: ArgumentRow = { name: 'NAME', text: 'name of the cluster', completes: 'clusters' }
const version: ArgumentRow = { name: 'VERSION', text: 'version to deploy' }

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
        options: beginOptions,
        examples: [
          `commctl cluster ${kind} start web${operands}`,
          `commctl cluster ${kind} start web${operands} --plan --max-unavailable 20%`,
          `commctl cluster ${kind} start web${operands} --watch`,
        ],
        view,
        run: (session) => (session.parsed.flag('plan') ? plan(session, kind) : start(session, kind)),
      },
      {
        name: 'status',
        summary: `Shows how far the last ${kind} of a cluster is`,
        arguments: [name],
        options: watchOptions,
        examples: [`commctl cluster ${kind} status web`, `commctl cluster ${kind} status web --watch`],
        view,
        run: async (session) => {
          const api = await session.api()
          return watched(session, kind, await api.get(pathOf(session, kind)))
        },
      },
    ],
  }
}

function pathOf({ parsed }: Session, kind: Kind): string {
  return `${route`/cluster/${parsed.one('NAME')}`}/${kind}`
}

function plan(session: Session, kind: Kind): Promise<number> {
  const { parsed } = session
  const version = parsed.optional('VERSION')
  return showPlan(session, { kind, cluster: parsed.one('NAME'), ...(version !== undefined && { version }) })
}

async function start(session: Session, kind: Kind): Promise<Outcome> {
  const policy = await policyIn(session)
  const body = { version: session.parsed.optional('VERSION'), policy }
  const api = await session.api()
  return watched(session, kind, await api.put(pathOf(session, kind), body))
}

/** The answer or, where that is wanted, the way to the end. A server of old has only the cluster's view of it. */
async function watched(session: Session, kind: Kind, answer: Answer): Promise<Outcome> {
  if (!answer.found || !session.parsed.flag('watch')) return answer
  const { watch } = await import('../watch/watch.ts')
  const [cluster, id] = [session.parsed.one('NAME'), textOf(member(answer.value, 'operation'))]
  if (id === undefined) {
    const { clusterOperation } = await import('../watch/cluster-operation.ts')
    return watch(session, clusterOperation({ kind, cluster, first: answer.value, view }))
  }
  const { operationById } = await import('../watch/operation.ts')
  const last = async (api: Api) => requireFound(await api.get(pathOf(session, kind)))
  return watch(session, operationById(id, { view, last }))
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
