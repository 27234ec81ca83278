/** What an operation does to a host itself: bring it up to date, to a version, or run a command on it. */
import {
  type Deployment,
  deployHost,
  gatherFacts,
  oscmd,
  type RebootNeed,
  rebootNeeded,
  type Remote,
  upgradeHost,
} from '@commissaire/hosts'

import { notNeeded, type StepContext, type StepNote, type Step } from './step-context.ts'
import { StepError } from './step-error.ts'

/** The acting step by kind of operation. A restart acts by rebooting alone. */
export const act: Step = async (context) => actions[context.operation.kind](context)

const actions: Record<StepContext['operation']['kind'], Step> = {
  upgrade: (context) =>
    withHost(context, async (remote, facts) =>
      changeNote(await upgradeHost(remote, facts, runOptions(context))),
    ),
  deploy: (context) =>
    withHost(context, async (remote, facts) => {
      const report = await deployHost(remote, facts, {
        version: context.operation.version,
        ...runOptions(context),
      })
      return { ...changeNote(report), ...(report.expected && { expected: { ...report.expected } }) }
    }),
  exec: (context) => runCommand(context),
  restart: async () => notNeeded('a restart acts by rebooting'),
  drain: async () => notNeeded('maintenance is done by hand'),
}

/** What commands that change a host are run with. */
function runOptions({ signal, onLine }: StepContext): Pick<StepContext, 'signal' | 'onLine'> {
  return { signal, onLine }
}

async function withHost(
  { connect, signal }: StepContext,
  work: (remote: Remote, facts: Awaited<ReturnType<typeof gatherFacts>>) => Promise<StepNote>,
): Promise<StepNote> {
  await using remote = await connect()
  return await work(remote, await gatherFacts(remote, { signal }))
}

function changeNote({
  outcome,
  rebootNeed,
}: {
  outcome: string
  rebootNeed: RebootNeed
}): Record<string, unknown> {
  return { outcome, reboot_needed: rebootNeed.answer, reboot_reason: rebootNeed.reason }
}

/** A command may not bear being run twice, so one whose end nobody saw is not run again by itself. */
async function runCommand({ operation, connect, signal, onLine, isResumed }: StepContext): Promise<StepNote> {
  if (isResumed)
    throw new StepError(
      'outcome_unknown',
      'the worker died while the command ran, and nobody saw how it ended; look at the host, then retry or skip it',
    )
  await using remote = await connect()
  const {
    code,
    signal: killedBy,
    ms,
  } = await remote.run(operation.command, { signal, onLine, overflow: 'drop', timeout: 24 * 3_600_000 })
  if (code === 0) return { code, ms }
  const how = code === null ? `was ended by signal ${killedBy}` : `ended with status ${code}`
  throw new StepError('command_failed', `the command ${how} after ${Math.round(ms / 1000)} s`)
}

/** Whether the host has to be rebooted in this operation, and why or why not. */
export async function rebootDecision(
  context: StepContext,
  remote: Remote,
): Promise<{ wanted: boolean; why: string }> {
  const { operation, signal } = context
  const policy = operation.policy.reboot ?? (operation.kind === 'restart' ? 'always' : undefined)
  if (policy === 'always') return { wanted: true, why: 'every host is to be rebooted' }
  if (policy === 'never') return { wanted: false, why: 'no host is to be rebooted' }
  const facts = await gatherFacts(remote, { signal })
  if (policy === undefined && oscmd(facts).kind === 'packages')
    return { wanted: false, why: 'what was installed runs without a reboot, and none was asked for' }
  const { answer, reason } = await rebootNeeded(remote, facts, { signal })
  if (answer === 'unknown')
    throw new StepError(
      'reboot_unknown',
      `whether it needs a reboot cannot be told: ${reason}; say "always" or "never"`,
    )
  return { wanted: answer === 'yes', why: reason }
}

/** The deployment that the next boot was to run, as the acting step noted it. */
export function expectedOf(note: Record<string, unknown> | undefined): Deployment | undefined {
  // Kept as JSON by a process like this one.
  return note?.['expected'] as Deployment | undefined
}
