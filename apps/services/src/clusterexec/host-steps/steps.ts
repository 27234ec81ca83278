/** What each step does. */
import { setTimeout as pause } from 'node:timers/promises'

import type { StepName } from '@commissaire/rollout'

import { act } from './act.ts'
import { check } from './check.ts'
import { health } from './health.ts'
import { lockHost } from '../../shared/host-lock.ts'
import { cordon, drain, uncordon, workloads } from '../node-steps/node-steps.ts'
import { comeBack, reboot } from './reboot.ts'
import type { StepWork } from './step-context.ts'

const lock: StepWork = async ({ storage, host: { address }, operation: { id }, signal, say }) => {
  const onWait = (other: string) => say(`waits: ${other} is working on ${address}`)
  await lockHost(storage, { address, operation: id }, { signal, onWait })
  return undefined
}

/** Lasts until somebody releases the host, which is written down by whoever drives. */
const hold: StepWork = async ({ signal, say }) => {
  say('is held until it is released')
  for (;;) await pause(60_000, undefined, { signal })
}

/** Every step by its name. */
export const steps: Readonly<Record<StepName, StepWork>> = {
  lock,
  check,
  cordon,
  drain,
  hold,
  act,
  reboot,
  return: comeBack,
  health,
  uncordon,
  workloads,
}
