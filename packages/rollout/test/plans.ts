/** Plans and entries as the tests need them. */
import { type OperationKindName, RolloutPolicy } from '@commissaire/models'
import type { z } from 'zod'

import { inOrder, type Member, Rollout, type RolloutPlan, stepsOf } from '../src/index.ts'

export type PolicyInput = z.input<typeof RolloutPolicy>

/** Members h1, h2, … in the given zones in turn. */
export function members(count: number, { zones = [''], controlPlane = 0 } = {}): Member[] {
  return Array.from({ length: count }, (_, index) => ({
    address: `h${index + 1}`,
    zone: zones[index % zones.length] ?? '',
    isControlPlane: index < controlPlane,
  }))
}

/** A plan for so many hosts. */
export function planOf(
  hosts: number | readonly Member[],
  policy: PolicyInput = {},
  kind: OperationKindName = 'restart',
): RolloutPlan {
  const parsed = RolloutPolicy.parse(policy)
  const all = typeof hosts === 'number' ? members(hosts) : hosts
  return { members: inOrder(all, parsed), steps: stepsOf(kind), policy: parsed }
}

/** Nothing is down, at that time. */
export function calm(now = 0) {
  return { now, down: new Set<string>() }
}

/** Takes a host through to its end, or to the step at which it fails. */
export function work(
  rollout: Rollout,
  address: string,
  { failsAt, at = 0 }: { failsAt?: string; at?: number } = {},
): void {
  if (rollout.progress(address).state === 'waiting') rollout.applyTo(address, { type: 'begun', at })
  for (let step = rollout.nextStep(address); step; step = rollout.nextStep(address)) {
    rollout.applyTo(address, { type: 'step_began', step, at })
    if (step === failsAt) rollout.applyTo(address, { type: 'step_failed', step, reason: 'it broke', at })
    else rollout.applyTo(address, { type: 'step_done', step, at })
  }
}
