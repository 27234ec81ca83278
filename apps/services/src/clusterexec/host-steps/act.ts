/** The step that changes the host: upgrades it, deploys a version, or runs a command. */
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

/** The step `act`, by the kind of operation. A restart has nothing to do here; it reboots. */
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

/** The options of commands that change a host. */
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

/** A command may not be safe to repeat, so it is not run again if its outcome is unknown. */
async function runCommand({ operation, connect, signal, onLine, isResumed }: StepContext): Promise<StepNote> {
  if (isResumed)
    throw new StepError(
      'outcome_unknown',
      'the worker died while the command ran, so that its outcome is unknown; check the host, then retry or skip it',
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

/** Decides whether the operation reboots the host, with the reason. */
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
    return { wanted: false, why: 'packages take effect without a reboot, and none was requested' }
  const { answer, reason } = await rebootNeeded(remote, facts, { signal })
  if (answer === 'unknown')
    throw new StepError(
      'reboot_unknown',
      `it cannot be determined whether the host needs a reboot: ${reason}; set the policy "reboot" to "always" or "never"`,
    )
  return { wanted: answer === 'yes', why: reason }
}

/** The deployment that the host is expected to boot into, as the step `act` noted it. */
export function expectedOf(note: Record<string, unknown> | undefined): Deployment | undefined {
  // The journal holds the JSON that this step wrote.
  return note?.['expected'] as Deployment | undefined
}
