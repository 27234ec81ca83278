/**
 * Prepares a host: ordered steps, each with a check and an action, as data for its family.
 *
 * A step whose check passes is left alone, so that a second run changes nothing, and after an action the check must
 * pass. The first step that fails ends the run; those after it are reported as not reached.
 */
import { carryOut, type CarryOutOptions } from './carry-out.ts'
import { HostError, isHostError } from './errors.ts'
import type { Facts } from './facts/facts.ts'
import type { OsCommand } from './oscmd/commands.ts'
import { dockerSteps } from './bootstrap/docker.ts'
import { soundSteps } from './bootstrap/sound.ts'
import type { Remote } from './remote.ts'

/** One step. Its check answers with what is wrong, or undefined when all is well. */
export interface Step {
  readonly name: string
  readonly check: (remote: Remote, options: CarryOutOptions) => Promise<string | undefined>
  /** What puts it right; without one a failed check is final. */
  readonly action?: OsCommand
}

export type StepOutcome = 'already' | 'done' | 'failed' | 'not_reached'

export interface StepReport {
  readonly name: string
  readonly outcome: StepOutcome
  /** Why it failed. */
  readonly reason?: string
  readonly ms: number
}

export interface BootstrapReport {
  readonly profile: Profile
  readonly isReady: boolean
  readonly steps: readonly StepReport[]
}

/** What a host can be prepared for. */
export const profiles = ['none', 'docker'] as const
export type Profile = (typeof profiles)[number]

const stepsOf: Record<Profile, (facts: Facts) => readonly Step[]> = {
  none: soundSteps,
  docker: (facts) => [...soundSteps(facts), ...dockerSteps(facts)],
}

/** The steps of a profile for this host, in order. */
export function bootstrapSteps(facts: Facts, profile: Profile): readonly Step[] {
  return stepsOf[profile](facts)
}

/** Takes the steps. It reports failures rather than throwing them; only a caller who gives up makes it throw. */
export async function bootstrapHost(
  remote: Remote,
  facts: Facts,
  options: CarryOutOptions & {
    readonly profile?: Profile
    readonly onStep?: (report: StepReport) => void
  } = {},
): Promise<BootstrapReport> {
  const { profile = 'none', onStep, ...carrying } = options
  const reports: StepReport[] = []
  for (const step of bootstrapSteps(facts, profile)) {
    const isStopped = reports.at(-1)?.outcome === 'failed' || reports.at(-1)?.outcome === 'not_reached'
    const report = isStopped ? notReached(step) : await take(step, remote, carrying)
    reports.push(report)
    onStep?.(report)
  }
  const isReady = reports.every(({ outcome }) => outcome === 'already' || outcome === 'done')
  return { profile, isReady, steps: reports }
}

async function take(step: Step, remote: Remote, options: CarryOutOptions): Promise<StepReport> {
  const started = performance.now()
  const report = (outcome: StepOutcome, reason?: string): StepReport => ({
    name: step.name,
    outcome,
    ...(reason !== undefined && { reason }),
    ms: Math.round(performance.now() - started),
  })
  try {
    const wrong = await step.check(remote, options)
    if (wrong === undefined) return report('already')
    if (!step.action) return report('failed', wrong)
    await carryOut(remote, step.action, options)
    const stillWrong = await step.check(remote, options)
    return stillWrong === undefined ? report('done') : report('failed', `the action ran, but ${stillWrong}`)
  } catch (error) {
    if (!isHostError(error) || error.code === 'cancelled') throw error
    return report('failed', error.message)
  }
}

function notReached({ name }: Step): StepReport {
  return { name, outcome: 'not_reached', ms: 0 }
}

/** Turns a report that is not ready into the error that tells why. */
export function checkBootstrapped({ profile, isReady, steps }: BootstrapReport, address: string): void {
  if (isReady) return
  const failed = steps.find(({ outcome }) => outcome === 'failed')
  const found = `${address}: preparing it for "${profile}" failed at "${failed?.name}": ${failed?.reason}`
  throw new HostError('command_failed', found, { address, details: { steps } })
}
