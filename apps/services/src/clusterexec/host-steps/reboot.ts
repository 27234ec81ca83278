/**
 * Rebooting, and proving it. The mark of the old boot is kept before the host is told to reboot; who finds a mark looks
 * first whether that boot has ended, so that nobody reboots a host twice.
 */
import {
  awaitReboot,
  type BootMark,
  checkDeployed,
  gatherFacts,
  isHostError,
  issueReboot,
  type RebootProof,
  takePulse,
} from '@commissaire/hosts'
import { Host, timestamp } from '@commissaire/models'
import { type HostKnowledge, updateHost } from '@commissaire/storage/host-lifecycle'

import { learnt, rebootState } from '../../shared/host-reboot.ts'
import { expectedOf, rebootDecision } from './act.ts'
import { noteOf, notNeeded, type StepContext, type StepNote } from './step-context.ts'

/** Tells the host to reboot, where the operation wants that. */
export async function reboot(context: StepContext): Promise<StepNote> {
  if (await hasBegun(context)) return undefined
  const { wanted, why } = await decide(context)
  if (!wanted) return notNeeded(why)
  const { access, host, signal } = context
  const target = await access.target(host)
  await issueReboot(access.pool, target, { ...context.reboot, signal, onMark: (mark) => context.note(mark) })
  return undefined
}

/** Waits until the host is back in another boot and has settled; what it is then is stored. */
export async function awaitReturn(context: StepContext): Promise<StepNote> {
  const { progress, signal } = context
  const mark = markOf(context)
  const proof = mark && (await proveReboot(context, mark))
  await using remote = await context.connect()
  const facts = proof?.facts ?? (await gatherFacts(remote, { signal }))
  await storeFacts(context, { ...learnt(facts), reboot: await rebootState(remote, facts, { signal }) })
  const expected = expectedOf(noteOf(progress, 'act'))
  if (expected) checkDeployed(facts, expected)
  const { before, after, ms } = proof ?? {}
  return { boot_id: facts.bootId, kernel: facts.kernel, ...(proof && { before, after, ms }) }
}

async function proveReboot(context: StepContext, mark: BootMark): Promise<RebootProof> {
  const { access, host, signal } = context
  const acceptedUnits = context.operation.policy.health.accepted_units
  const options = { ...context.reboot, acceptedUnits, signal, mark }
  return awaitReboot(access.pool, await access.target(host), options)
}

async function decide(context: StepContext): Promise<{ wanted: boolean; why: string }> {
  await using remote = await context.connect()
  return await rebootDecision(context, remote)
}

/** Whether the boot that was marked has ended or is about to: the host is away, or in another one. */
async function hasBegun(context: StepContext): Promise<boolean> {
  const mark = markOf(context)
  if (!mark) return false
  try {
    await using remote = await context.connect()
    return (await takePulse(remote, { signal: context.signal })).bootId !== mark.bootId
  } catch (error) {
    if (isHostError(error) && error.code !== 'cancelled') return true
    throw error
  }
}

/** The mark that the reboot step kept. */
function markOf({ progress }: StepContext): BootMark | undefined {
  const note = noteOf(progress, 'reboot')
  // Kept as JSON by a process like this one.
  return note && 'bootId' in note && 'hostKey' in note ? (note as unknown as BootMark) : undefined
}

/** Keeps what the host says of itself now. One that was removed meanwhile has nothing to be told. */
async function storeFacts({ storage, host: { address } }: StepContext, known: HostKnowledge): Promise<void> {
  if (!(await storage.find(Host, address))) return
  await updateHost(storage, address, () => ({ ...known, last_check: timestamp() }))
}
