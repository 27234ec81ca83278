/**
 * Waits until a host has gone down and come back. Only a whole answer with a valid and different boot id counts as
 * back; the same boot id means that the host is still going down, and no answer means nothing at all.
 */
import { HostError } from '../errors.ts'
import type { BootStatus } from '../facts/gather.ts'
import type { Target } from '../ssh/target.ts'
import { type BootRecord, isAnotherBoot } from './boot-record.ts'
import { type Connector, observe, type Observation } from './observation.ts'
import { type RebootTiming, wait } from './timing.ts'

/** What is waited for. */
export interface AwaitOptions {
  readonly kind: 'hard' | 'soft'
  readonly timing: RebootTiming
  readonly signal?: AbortSignal
}

/** The first status of the boot after the marked one. */
export async function awaitReturn(
  connector: Connector,
  target: Target,
  options: AwaitOptions & { readonly mark: BootRecord },
): Promise<BootStatus> {
  const { timing, mark, kind, signal } = options
  const pinned = { ...target, hostKey: mark.hostKey }
  const started = performance.now()
  const looking = { timeout: Math.max(2 * timing.interval, 15_000), ...(signal && { signal }) }
  for (;;) {
    const observation = await observe(connector, pinned, looking)
    if (observation.kind === 'answered' && isAnotherBoot(mark, observation.status, kind))
      return observation.status
    checkDeadlines(mark, observation, { waited: performance.now() - started, timing })
    // A connection to the old boot must not be mistaken for the new one.
    await connector.forget(target.address)
    await wait(timing.interval, target.address, signal)
  }
}

function checkDeadlines(
  mark: BootRecord,
  observation: Observation,
  { waited, timing }: { waited: number; timing: RebootTiming },
): void {
  const isOldBoot = observation.kind === 'answered'
  if (isOldBoot && waited > timing.downWithin) throw didNotReboot(mark, waited)
  if (!isOldBoot && waited > timing.returnWithin) throw didNotReturn(mark, observation.error, waited)
}

function didNotReboot({ address, bootId }: BootRecord, waited: number): HostError {
  const found = `${address} still has boot id ${bootId}, ${seconds(waited)} after it was told to reboot`
  return new HostError('did_not_reboot', found, { address, details: { bootId } })
}

/** A login refused during a shutdown is no wrong key; one that is still refused at the deadline is. */
function didNotReturn({ address, bootId }: BootRecord, last: HostError, waited: number): HostError {
  const code = last.code === 'auth_failed' ? 'auth_failed' : 'did_not_return'
  const found = `${address} is not back ${seconds(waited)} after it was told to reboot; last seen: ${last.message}`
  return new HostError(code, found, { address, cause: last, details: { bootId, lastSeen: last.code } })
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`
}
