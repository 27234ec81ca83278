/**
 * Prepares a host: ordered steps, each with a check and an action, as data for its family.
 *
 * A step whose check passes is left alone, so that a second run changes nothing, and after an action the check must
 * pass. The first step that fails ends the run; those after it are reported as not reached.
 */
import { carryOut, type CarryOutOptions } from '../updates/carry-out.ts'
import { HostError, isHostError } from '../errors.ts'
import type { Facts } from '../facts/facts.ts'
import type { HostNetwork } from './network.ts'
import { bootstrapSteps, type Profile } from './profiles.ts'
import type { Step } from './step.ts'
import type { Remote } from '../remote.ts'

/** `skipped` is what is not for this host. */
export type StepOutcome = 'already' | 'done' | 'skipped' | 'failed' | 'not_reached'

/** What became of one step. */
export interface StepReport {
  readonly name: string
  readonly outcome: StepOutcome
  /** Why it failed, or is not for this host. */
  readonly reason?: string
  readonly ms: number
}

/** What preparing a host came to. */
export interface BootstrapReport {
  readonly profile: Profile
  readonly isReady: boolean
  readonly steps: readonly StepReport[]
}

/** Takes the steps. It reports failures rather than throwing them; only a caller who gives up makes it throw. */
export async function bootstrapHost(
  remote: Remote,
  facts: Facts,
  options: CarryOutOptions & {
    readonly profile?: Profile
    /** What is known about the network that joins the hosts of its cluster. */
    readonly network?: HostNetwork
    readonly onStep?: (report: StepReport) => void
  } = {},
): Promise<BootstrapReport> {
  const { profile = 'none', network, onStep, ...carrying } = options
  const reports: StepReport[] = []
  for (const step of bootstrapSteps(facts, profile, network ? { network } : {})) {
    const isStopped = reports.at(-1)?.outcome === 'failed' || reports.at(-1)?.outcome === 'not_reached'
    const report = isStopped ? notReached(step) : await take(step, remote, carrying)
    reports.push(report)
    onStep?.(report)
  }
  const isReady = reports.every(({ outcome }) => outcome !== 'failed' && outcome !== 'not_reached')
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
  if (step.notHere !== undefined) return report('skipped', step.notHere)
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
