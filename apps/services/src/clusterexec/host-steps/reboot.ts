/**
 * The steps that reboot a host and prove the reboot. The identity of the old boot is stored before the command is issued. A
 * worker that finds it checks first whether that boot has ended, so that no host is rebooted twice.
 */
import {
  awaitReboot,
  type BootRecord,
  checkDeployed,
  gatherFacts,
  isHostError,
  issueReboot,
  type RebootProof,
  readBootStatus,
  type WellSince,
} from '@commissaire/hosts'
import { Host, timestamp } from '@commissaire/models'
import { type HostKnowledge, updateHost } from '@commissaire/storage/host-lifecycle'

import { factFields, rebootState } from '../../shared/host-reboot.ts'
import { expectedOf, rebootDecision } from './act.ts'
import { noteOf, notNeeded, type StepContext, type StepNote } from './step-context.ts'

/** Issues the reboot, if the operation requires one. */
export async function reboot(context: StepContext): Promise<StepNote> {
  if (await hasBegun(context)) return undefined
  const { wanted, why } = await decide(context)
  if (!wanted) return notNeeded(why)
  const { access, host, operation, signal } = context
  const target = await access.target(host)
  await issueReboot(access.connector(operation.cluster), target, {
    ...context.reboot,
    signal,
    onRecord: (mark) => context.note(mark),
  })
  return undefined
}

/** Waits until the host has booted again and settled, and stores its facts. */
export async function awaitReturn(context: StepContext): Promise<StepNote> {
  const { progress, signal } = context
  const mark = markOf(context)
  const proof = mark && (await proveReboot(context, mark))
  await using remote = await context.connect()
  const facts = proof?.facts ?? (await gatherFacts(remote, { signal }))
  await storeFacts(context, { ...factFields(facts), reboot: await rebootState(remote, facts, { signal }) })
  const expected = expectedOf(noteOf(progress, 'act'))
  if (expected) checkDeployed(facts, expected)
  const { before, after, ms } = proof ?? {}
  return { boot_id: facts.bootId, kernel: facts.kernel, ...(proof && { before, after, ms }) }
}

async function proveReboot(context: StepContext, mark: BootRecord): Promise<RebootProof> {
  const { access, host, operation, signal } = context
  const acceptedUnits = context.operation.policy.health.accepted_units
  const wellSince = wellSinceOf(context)
  const onWell = (since: WellSince | undefined): Promise<void> => context.note({ well_since: since ?? null })
  const options = { ...context.reboot, acceptedUnits, signal, mark, wellSince, onWell }
  return awaitReboot(access.connector(operation.cluster), await access.target(host), options)
}

async function decide(context: StepContext): Promise<{ wanted: boolean; why: string }> {
  await using remote = await context.connect()
  return await rebootDecision(context, remote)
}

/** Whether the marked boot has ended: the host is unreachable, or in another boot. */
async function hasBegun(context: StepContext): Promise<boolean> {
  const mark = markOf(context)
  if (!mark) return false
  try {
    await using remote = await context.connect()
    return (await readBootStatus(remote, { signal: context.signal })).bootId !== mark.bootId
  } catch (error) {
    if (isHostError(error) && error.code !== 'cancelled') return true
    throw error
  }
}

/** Since when an earlier worker saw the host well, as it noted in the step `return`. */
function wellSinceOf({ progress }: StepContext): WellSince | undefined {
  const since = noteOf(progress, 'return')?.['well_since']
  if (typeof since !== 'object' || since === null || !('bootId' in since) || !('uptime' in since))
    return undefined
  const { bootId, uptime } = since
  return typeof bootId === 'string' && typeof uptime === 'number' ? { bootId, uptime } : undefined
}

/** The mark that the step `reboot` stored. */
function markOf({ progress }: StepContext): BootRecord | undefined {
  const note = noteOf(progress, 'reboot')
  // The journal holds the JSON that the step wrote.
  return note && 'bootId' in note && 'hostKey' in note ? (note as unknown as BootRecord) : undefined
}

/** Stores the facts of the host, unless it was deleted. */
async function storeFacts({ storage, host: { address } }: StepContext, known: HostKnowledge): Promise<void> {
  if (!(await storage.find(Host, address))) return
  await updateHost(storage, address, () => ({ ...known, last_check: timestamp() }))
}
