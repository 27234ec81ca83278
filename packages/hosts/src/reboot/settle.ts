/**
 * Waits until a host that is back has settled: its services are up, its uptime only grows, and it does not boot again.
 *
 * How long it has been well is counted by the host's own uptime, from a observation that the caller can keep. So a
 * controller that was restarted counts from the observation of the one before it.
 *
 * systemd's `degraded` is accepted when no unit failed that had not failed before or is on the accepted list.
 */
import { HostError } from '../errors.ts'
import type { BootStatus } from '../facts/gather.ts'
import type { Target } from '../ssh/target.ts'
import type { BootRecord } from './boot-record.ts'
import { type Connector, observe } from './observation.ts'
import { type RebootTiming, wait } from './timing.ts'

/** A boot of a host, and the uptime in seconds at which it was first seen well in it. */
export interface WellSince {
  readonly bootId: string
  readonly uptime: number
}

/** When a host counts as settled. */
export interface SettleOptions {
  readonly mark: BootRecord
  readonly timing: RebootTiming
  /** Units that may fail, besides those that had failed before the reboot. */
  readonly acceptedUnits?: readonly string[]
  readonly signal?: AbortSignal
  /** Since when an earlier controller saw the host well. It counts if the host has not booted since and is well now. */
  readonly wellSince?: WellSince | undefined
  /** Called when the host is first seen well, and with undefined when it is not well any more. It is waited for. */
  readonly onWell?: ((since: WellSince | undefined) => void | Promise<void>) | undefined
}

/** Resolves when the host, first seen with this status, has been well for the settle time. */
export async function settle(
  connector: Connector,
  target: Target,
  options: SettleOptions & { readonly first: BootStatus },
): Promise<void> {
  const { mark, timing, signal, acceptedUnits = [], onWell } = options
  const pinned = { ...target, hostKey: mark.hostKey }
  const accepted = new Set([...acceptedUnits, ...(mark.systemd?.failedUnits ?? [])])
  const started = performance.now()
  let last = options.first
  const { wellSince: earlier } = options
  const next = async (
    status: BootStatus | undefined,
    known: WellSince | undefined,
  ): Promise<WellSince | undefined> => {
    const since = status && isWell(status, accepted) ? (known ?? sinceNow(status)) : undefined
    if (since !== known) await onWell?.(since)
    return since
  }
  let wellSince = await next(last, earlier?.bootId === last.bootId ? earlier : undefined)
  while (wellSince === undefined || (last.uptime - wellSince.uptime) * 1000 < timing.settleTime) {
    if (performance.now() - started > timing.settleWithin) throw unsettled(target, last, accepted)
    await wait(timing.interval, target.address, signal)
    const observation = await observe(connector, pinned, { timeout: 15_000, ...(signal && { signal }) })
    if (observation.kind === 'nothing') {
      wellSince = await next(undefined, wellSince)
      await connector.forget(target.address)
      continue
    }
    checkSameBoot(target, last, observation.status)
    last = observation.status
    wellSince = await next(last, wellSince)
  }
}

function sinceNow({ bootId, uptime }: BootStatus): WellSince {
  return { bootId, uptime }
}

function isWell({ systemd, isNoLogin }: BootStatus, accepted: ReadonlySet<string>): boolean {
  if (isNoLogin) return false
  if (!systemd || systemd.state === 'running') return true
  return systemd.state === 'degraded' && systemd.failedUnits.every((unit) => accepted.has(unit))
}

function checkSameBoot({ address }: Target, last: BootStatus, now: BootStatus): void {
  if (now.bootId === last.bootId && now.uptime >= last.uptime) return
  const found = `${address} booted again while it settled: boot id ${last.bootId}, then ${now.bootId}`
  throw new HostError('rebooted_again', found, {
    address,
    details: { first: last.bootId, second: now.bootId },
  })
}

function unsettled({ address }: Target, last: BootStatus, accepted: ReadonlySet<string>): HostError {
  const failedUnits = last.systemd?.failedUnits.filter((unit) => !accepted.has(unit)) ?? []
  const state = last.systemd?.state ?? 'not answering steadily'
  const found = `${address} is back but ${state}${failedUnits.length > 0 ? `; failed: ${failedUnits.join(', ')}` : ''}`
  return new HostError('unsettled', found, { address, details: { state, failedUnits } })
}
