/** The steps of a host in their order, by kind of operation. */
import type { OperationKindName } from '@commissaire/models'

/** Every step there is, in the order in which a host meets them. */
export const stepNames = [
  'lock',
  'check',
  'cordon',
  'drain',
  'hold',
  'act',
  'reboot',
  'return',
  'health',
  'uncordon',
  'workloads',
] as const

/** One of these steps. */
export type StepName = (typeof stepNames)[number]

const acting: readonly StepName[] = stepNames.filter((step) => step !== 'hold')
const stepsByKind: Record<OperationKindName, readonly StepName[]> = {
  upgrade: acting,
  deploy: acting,
  restart: acting.filter((step) => step !== 'act'),
  exec: ['lock', 'check', 'act', 'health'],
  drain: ['lock', 'check', 'cordon', 'drain', 'hold', 'uncordon', 'workloads'],
}

/** The steps of that kind of operation. One that a host does not need is done at once, with a note that says so. */
export function stepsOf(kind: OperationKindName): readonly StepName[] {
  return stepsByKind[kind]
}

/** Steps after whose beginning a host is not what it was: there is no way back, only through. */
const changing: ReadonlySet<StepName> = new Set(['act', 'reboot'])

/** Whether beginning this step changes the host itself. */
export function changesHost(step: StepName): boolean {
  return changing.has(step)
}
