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
import { expectedOf, rebootWanted } from './act.ts'
import { noteOf, notNeeded, type Site, type StepNote } from './step-context.ts'

/** Tells the host to reboot, where the operation wants that. */
export async function reboot(site: Site): Promise<StepNote> {
  if (await isUnderWay(site)) return undefined
  const { wanted, why } = await asked(site)
  if (!wanted) return notNeeded(why)
  const { access, host, signal } = site
  const target = await access.target(host)
  await issueReboot(access.pool, target, { ...site.reboot, signal, onMark: (mark) => site.note(mark) })
  return undefined
}

/** Waits until the host is back in another boot and has settled; what it is then is stored. */
export async function comeBack(site: Site): Promise<StepNote> {
  const { progress, signal } = site
  const mark = markOf(site)
  const proof = mark && (await proveReboot(site, mark))
  await using remote = await site.connect()
  const facts = proof?.facts ?? (await gatherFacts(remote, { signal }))
  await keep(site, { ...learnt(facts), reboot: await rebootState(remote, facts, { signal }) })
  const expected = expectedOf(noteOf(progress, 'act'))
  if (expected) checkDeployed(facts, expected)
  const { before, after, ms } = proof ?? {}
  return { boot_id: facts.bootId, kernel: facts.kernel, ...(proof && { before, after, ms }) }
}

async function proveReboot(site: Site, mark: BootMark): Promise<RebootProof> {
  const { access, host, signal } = site
  const acceptedUnits = site.operation.policy.health.accepted_units
  const options = { ...site.reboot, acceptedUnits, signal, mark }
  return awaitReboot(access.pool, await access.target(host), options)
}

async function asked(site: Site): Promise<{ wanted: boolean; why: string }> {
  await using remote = await site.connect()
  return await rebootWanted(site, remote)
}

/** Whether the boot that was marked has ended or is about to: the host is away, or in another one. */
async function isUnderWay(site: Site): Promise<boolean> {
  const mark = markOf(site)
  if (!mark) return false
  try {
    await using remote = await site.connect()
    return (await takePulse(remote, { signal: site.signal })).bootId !== mark.bootId
  } catch (error) {
    if (isHostError(error) && error.code !== 'cancelled') return true
    throw error
  }
}

/** The mark that the reboot step kept. */
function markOf({ progress }: Site): BootMark | undefined {
  const note = noteOf(progress, 'reboot')
  // Kept as JSON by a process like this one.
  return note && 'bootId' in note && 'hostKey' in note ? (note as unknown as BootMark) : undefined
}

/** Keeps what the host says of itself now. One that was removed meanwhile has nothing to be told. */
async function keep({ storage, host: { address } }: Site, known: HostKnowledge): Promise<void> {
  if (!(await storage.find(Host, address))) return
  await updateHost(storage, address, () => ({ ...known, last_check: timestamp() }))
}
