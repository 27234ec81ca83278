/** The table of steps. */
import { setTimeout as pause } from 'node:timers/promises'

import type { StepName } from '@commissaire/rollout'

import { act } from './act.ts'
import { check } from './check.ts'
import { health } from './health.ts'
import { lockHost } from '../../shared/host-lock.ts'
import { cordon, drain, uncordon, workloads } from '../node-steps/node-steps.ts'
import { awaitReturn, reboot } from './reboot.ts'
import type { Step } from './step-context.ts'

const lock: Step = async ({ storage, host: { address }, operation: { id }, signal, report }) => {
  const onWait = (other: string) => report(`waits: ${other} is working on ${address}`)
  await lockHost(storage, { address, operation: id }, { signal, onWait })
  return undefined
}

/** Lasts until the driver interrupts it, when the host is released. */
const hold: Step = async ({ signal, report }) => {
  report('is held until it is released')
  for (;;) await pause(60_000, undefined, { signal })
}

/** Every step by its name. */
export const steps: Readonly<Record<StepName, Step>> = {
  lock,
  check,
  cordon,
  drain,
  hold,
  act,
  reboot,
  return: awaitReturn,
  health,
  uncordon,
  workloads,
}
