/** Starts an operation from the command line, or shows its plan, or watches it. */
import type { Answer } from '../client/api.ts'
import type { OptionRow, Outcome, Session } from '../cli/command.ts'
import { status } from '../cli/failure.ts'
import { member, textOf } from '../client/json-value.ts'
import { report } from '../output/report.ts'
import { requireFound } from '../cli/require-found.ts'
import { policyIn, policyOptions } from './policy.ts'
import { route } from '../client/route.ts'
import { watchOptions } from '../watch/options.ts'
import { isBlocked, planText, planView } from './plan.ts'
import { operationView, summaryOf } from './summary.ts'

/** The options of every command that begins an operation. */
export const beginOptions: readonly OptionRow[] = [
  ...watchOptions,
  {
    flags: '--plan',
    text: 'begin nothing; show how it would go and what would be in its way; status 5 when something would block it',
  },
  ...policyOptions,
]

/** What is to be done, as the server wants it; the policy comes from the options. */
export interface OperationRequest {
  readonly kind: 'upgrade' | 'restart' | 'deploy' | 'exec' | 'drain'
  readonly cluster: string
  readonly version?: string
  readonly command?: string
  readonly hosts?: readonly string[]
}

/** Begins it, or shows its plan. */
export async function begin(session: Session, request: OperationRequest): Promise<Outcome> {
  if (session.parsed.flag('plan')) return showPlan(session, request)
  const api = await session.api()
  const begun = await api.post(route`/operations`, { ...request, policy: await policyIn(session) })
  return showOperation(session, begun)
}

/** Shows how it would go, and touches nothing. */
export async function showPlan(session: Session, request: OperationRequest): Promise<number> {
  const api = await session.api()
  const value = requireFound(
    await api.post(route`/operations/plan`, { ...request, policy: await policyIn(session) }),
  )
  const isList = session.format === 'name'
  const shown = isList ? member(value, 'hosts') : value
  await report(session, { value: shown, view: planView, text: (width) => planText(value, width) })
  return isBlocked(value) ? status.blocked : status.ok
}

/** Shows an operation that something was asked of, or stays to watch it. There has to be one. */
export async function showOperation(session: Session, answer: Answer): Promise<number> {
  const value = requireFound(answer)
  const id = textOf(member(value, 'id'))
  if (!session.parsed.flag('watch') || id === undefined)
    return report(session, { value, view: operationView, text: (width) => summaryOf(value, width) })
  const [{ watch }, { operationById }] = await Promise.all([
    import('../watch/watch.ts'),
    import('../watch/operation.ts'),
  ])
  const ended = await watch(session, operationById(id))
  if (member(value, 'kind') === 'exec' && session.format === 'text')
    await (await import('./outputs.ts')).printOutputs(session, id)
  return ended
}
