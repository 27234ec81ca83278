/** Plans a bootstrap: runs the checks of all steps and returns what the actions would do. */
import type { CarryOutOptions } from '../updates/carry-out.ts'
import { isHostError } from '../errors.ts'
import type { Facts } from '../facts/facts.ts'
import type { Remote } from '../remote.ts'
import type { HostNetwork } from './network.ts'
import { bootstrapSteps, type Profile } from './profiles.ts'
import type { Step } from './step.ts'

/** `blocked` needs a person: nothing that we may do puts it right. */
export type PlannedState = 'done' | 'would_do' | 'not_for_this_host' | 'blocked'

/** One step of a plan. */
export interface PlannedStep {
  readonly name: string
  readonly state: PlannedState
  /** What would be done. */
  readonly action: string
  /** What was found, or why it is not for this host. */
  readonly reason: string
}

/** The plan for a host. */
export interface BootstrapPlan {
  readonly profile: Profile
  readonly steps: readonly PlannedStep[]
}

/** Looks at every step and changes nothing. A step that stands on one before it is planned as if that were taken. */
export async function planBootstrap(
  remote: Remote,
  facts: Facts,
  options: CarryOutOptions & { readonly profile?: Profile; readonly network?: HostNetwork } = {},
): Promise<BootstrapPlan> {
  const { profile = 'none', network, ...looking } = options
  const steps: PlannedStep[] = []
  for (const step of bootstrapSteps(facts, profile, network ? { network } : {}))
    steps.push(await look(step, remote, looking))
  return { profile, steps }
}

async function look(step: Step, remote: Remote, options: CarryOutOptions): Promise<PlannedStep> {
  const { name } = step
  if (step.notHere !== undefined)
    return { name, state: 'not_for_this_host', action: '', reason: step.notHere }
  const wrong = await wrongWith(step, remote, options)
  if (wrong === undefined) return { name, state: 'done', action: '', reason: '' }
  if (!step.action) return { name, state: 'blocked', action: '', reason: wrong }
  return { name, state: 'would_do', action: step.does ?? step.action.run, reason: wrong }
}

async function wrongWith(step: Step, remote: Remote, options: CarryOutOptions): Promise<string | undefined> {
  try {
    return await step.check(remote, options)
  } catch (error) {
    if (isHostError(error, 'no_sudo') || isHostError(error, 'not_supported')) return error.message
    throw error
  }
}
