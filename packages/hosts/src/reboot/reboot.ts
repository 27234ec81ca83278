/**
 * Reboots a host and proves that it rebooted: another boot id, the same host key, settled services.
 *
 * The steps are also exported one by one, so that a journal can note each and a restarted controller can go on from
 * the mark: `issueReboot`, then `awaitReboot`.
 */
import { carryOut } from '../updates/carry-out.ts'
import { isHostError } from '../errors.ts'
import type { Facts } from '../facts/facts.ts'
import { gatherFacts } from '../facts/gather.ts'
import type { RebootRequest } from '../oscmd/commands.ts'
import { oscmd } from '../oscmd/oscmd.ts'
import { awaitReturn } from './await-return.ts'
import { type BootRecord, markBoot, type RebootProof } from './boot-record.ts'
import type { Connector } from './observation.ts'
import { settle, type WellSince } from './settle.ts'
import { type RebootTiming, defaultRebootTiming } from './timing.ts'
import type { Remote } from '../remote.ts'
import type { Target } from '../ssh/target.ts'
import { noSudo } from '../command/sudo.ts'

/** How a host is rebooted, and what it may take. */
export interface RebootOptions extends Partial<RebootTiming> {
  /** `forced` goes past inhibitors, `soft` restarts user space only. Default: `hard`. */
  readonly kind?: NonNullable<RebootRequest['kind']>
  /** Units that may fail afterwards, besides those that had failed before. */
  readonly acceptedUnits?: readonly string[]
  readonly signal?: AbortSignal
  /** Since when an earlier controller saw the host well after this reboot. */
  readonly wellSince?: WellSince | undefined
  /** Called when the host is first seen well, and with undefined when it no longer is. What it returns is waited for. */
  readonly onWell?: ((since: WellSince | undefined) => void | Promise<void>) | undefined
  /** Called when the mark is taken, before anything is done to the host. What it returns is waited for. */
  readonly onRecord?: (mark: BootRecord) => void | Promise<void>
}

/** Reboots and waits. Every way in which it can fail is a HostError of its own code. */
export async function rebootHost(
  connector: Connector,
  target: Target,
  options: RebootOptions = {},
): Promise<RebootProof> {
  const started = performance.now()
  const mark = await issueReboot(connector, target, options)
  const proof = await awaitReboot(connector, target, { ...options, mark })
  return { ...proof, ms: Math.round(performance.now() - started) }
}

/** Records the present boot, starts the reboot and drops all connections to the host. Gives the mark of the old boot. */
export async function issueReboot(
  connector: Connector,
  target: Target,
  options: RebootOptions = {},
): Promise<BootRecord> {
  const waiting = options.signal ? { signal: options.signal } : {}
  await using remote = await connector.connect(target, waiting)
  const facts = await gatherFacts(remote, waiting)
  const mark = markBoot(facts)
  await options.onRecord?.(mark)
  await sendReboot(remote, facts, options)
  await connector.forget(target.address)
  return mark
}

/** Waits for the boot after the marked one, and for it to settle. */
export async function awaitReboot(
  connector: Connector,
  target: Target,
  options: RebootOptions & { readonly mark: BootRecord },
): Promise<RebootProof> {
  const started = performance.now()
  const { mark, signal } = options
  const waiting = signal ? { signal } : {}
  const kind = options.kind === 'soft' ? 'soft' : 'hard'
  const timing = timingOf(options)
  const first = await awaitReturn(connector, target, { mark, kind, timing, ...waiting })
  const { acceptedUnits = [], wellSince, onWell } = options
  await settle(connector, target, { mark, timing, first, acceptedUnits, wellSince, onWell, ...waiting })
  await using remote = await connector.connect({ ...target, hostKey: mark.hostKey }, waiting)
  const facts = await gatherFacts(remote, waiting)
  return proofOf(mark, facts, { kind, ms: Math.round(performance.now() - started) })
}

function proofOf(
  mark: BootRecord,
  facts: Facts,
  { kind, ms }: Pick<RebootProof, 'kind' | 'ms'>,
): RebootProof {
  return {
    address: mark.address,
    kind,
    before: mark.bootId,
    after: facts.bootId,
    ms,
    kernel: { before: mark.kernel, after: facts.kernel },
    image: { before: mark.image, after: facts.image?.booted.digest },
    facts,
  }
}

/** That the connection ends while the command is sent is what a reboot does, and no fault. */
async function sendReboot(remote: Remote, facts: Facts, options: RebootOptions): Promise<void> {
  const { privilege, user, address } = facts
  if (privilege.level === 'none') throw noSudo(address, user, privilege.reason ?? 'refused')
  const request = options.kind ? { kind: options.kind } : {}
  try {
    await carryOut(remote, oscmd(facts).reboot(request), options.signal ? { signal: options.signal } : {})
  } catch (error) {
    if (!isHostError(error, 'connection_lost')) throw error
  }
}

function timingOf(options: RebootOptions): RebootTiming {
  const given = Object.entries(options).filter(
    ([key, value]) => key in defaultRebootTiming && value !== undefined,
  )
  return { ...defaultRebootTiming, ...Object.fromEntries(given) }
}
