/**
 * The three rolling operations as data: which model keeps the progress, what it calls a host that is done, and what is
 * done to a host.
 */
import { ClusterDeploy, ClusterRestart, ClusterUpgrade, type ModelDefinition } from '@commissaire/models'

import { deployOn, restart, upgradeOn, type HostWork } from './host-work.ts'
import type { Operation } from './operation-on-host.ts'

/** One kind of rolling operation. */
export interface OperationKind<T extends Operation = Operation> {
  readonly definition: ModelDefinition<T>
  /** What a host is when it is done. */
  readonly participle: 'deployed' | 'restarted' | 'upgraded'
  /** The hosts that are done. */
  readonly done: (operation: T) => readonly string[]
  readonly withDone: (operation: T, done: string[]) => T
  /** What is done to each host. */
  readonly work: (operation: T) => HostWork
}

export const deploying: OperationKind<ClusterDeploy> = {
  definition: ClusterDeploy,
  participle: 'deployed',
  done: ({ deployed }) => deployed,
  withDone: (operation, deployed) => ({ ...operation, deployed }),
  work: ({ version }) => deployOn(version),
}

export const restarting: OperationKind<ClusterRestart> = {
  definition: ClusterRestart,
  participle: 'restarted',
  done: ({ restarted }) => restarted,
  withDone: (operation, restarted) => ({ ...operation, restarted }),
  work: () => restart,
}

export const upgrading: OperationKind<ClusterUpgrade> = {
  definition: ClusterUpgrade,
  participle: 'upgraded',
  done: ({ upgraded }) => upgraded,
  withDone: (operation, upgraded) => ({ ...operation, upgraded }),
  work: () => upgradeOn,
}
