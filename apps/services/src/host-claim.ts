/**
 * One operation touches a host at a time, whoever works on the others, in this process or elsewhere.
 *
 * The claim is the host's place in the operation's stored `in_process`. Each marks first and looks for others' marks
 * then, so that of two who do so at the same moment at least one sees the other, and steps back.
 */
import { setTimeout as pause } from 'node:timers/promises'

import type { Logger } from '@commissaire/bus'
import { Clusters } from '@commissaire/models'
import type { StorageClient } from '@commissaire/storage'

import type { OperationRecord } from './operation-record.ts'
import { type Operation, operationOn } from './operation-on-host.ts'

/** Milliseconds to step back; half as long again at most, so that two do not step in time. */
const STEP_BACK = 500

/** Waits until the host is ours alone. */
export async function claimHost<T extends Operation>(
  record: OperationRecord<T>,
  address: string,
  { storage, signal, log }: { storage: StorageClient; signal: AbortSignal; log: Logger },
): Promise<void> {
  for (;;) {
    await record.change((model) => ({ ...model, in_process: [address] }))
    const clusters = (await storage.list(Clusters)).filter(({ hostset }) => hostset.includes(address))
    const other = await operationOn(storage, address, clusters, { except: record.id })
    if (!other) return
    await record.change((model) => ({ ...model, in_process: [] }))
    log.info(
      { address, other, operation: record.id },
      `${record.id} waits: ${other} is working on ${address}`,
    )
    await pause(STEP_BACK * (1 + Math.random() / 2), undefined, { signal })
  }
}
