/** Reads the facts of a host, in one round trip on an open connection. */
import type { Remote } from '../remote.ts'
import { type Answer, parseAnswer } from './answer.ts'
import type { Facts } from './facts.ts'
import { factsProbe, probeCommand, bootStatusProbe } from './probe.ts'
import { bootIdOf, readFacts, systemdState } from './read.ts'
import type { SystemdState } from './facts.ts'

/** How facts are asked for. */
export interface GatherOptions {
  readonly signal?: AbortSignal
  /** Default: 30 seconds. */
  readonly timeout?: number
}

/** Everything about the host. Throws `facts_invalid` when its answer is cut short or makes no sense. */
export async function gatherFacts(remote: Remote, options: GatherOptions = {}): Promise<Facts> {
  const { answer, ms } = await ask(remote, factsProbe, options)
  return readFacts(answer, { address: remote.address, hostKey: remote.hostKey, ms })
}

/** Whether and since when a host is up. */
export interface BootStatus {
  readonly bootId: string
  readonly uptime: number
  readonly isNoLogin: boolean
  readonly systemd: SystemdState | undefined
}

/** The cheapest honest answer to "are you there?": the host's shell works, and this is its boot. */
export async function readBootStatus(remote: Remote, options: GatherOptions = {}): Promise<BootStatus> {
  const { answer } = await ask(remote, bootStatusProbe, options)
  return {
    bootId: bootIdOf(answer, remote.address),
    uptime: answer.number('uptime') ?? 0,
    isNoLogin: answer.has('nologin'),
    systemd: systemdState(answer),
  }
}

async function ask(
  remote: Remote,
  probe: string,
  { timeout = 30_000, signal }: GatherOptions,
): Promise<{ answer: Answer; ms: number }> {
  const result = await remote.run(probeCommand, { input: probe, timeout, ...(signal && { signal }) })
  return { answer: parseAnswer(result, remote.address), ms: result.ms }
}
