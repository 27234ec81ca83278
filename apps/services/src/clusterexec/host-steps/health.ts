/**
 * The gates after a host was worked on: its node Ready for a while without a break, with the boot id that the host
 * itself has, without pressure, its DaemonSet pods up; systemd well; a command and a URL of one's own.
 */
import { setTimeout as pause } from 'node:timers/promises'

import { type HostErrorCode, isHostError, takePulse } from '@commissaire/hosts'

import { isOutage, saidBy } from '../node-steps/api-outage.ts'
import { noteOf, type Site, type StepNote } from './step-context.ts'
import { StepError } from './step-error.ts'

/** Milliseconds between looks. */
const LOOK = 1000

/** Waits until every gate has been open for as long as the policy says. */
export async function health(site: Site): Promise<StepNote> {
  const { ready_for, within } = site.operation.policy.health
  const started = performance.now()
  let wellSince: number | undefined
  let said = ''
  for (;;) {
    const troubles = await troublesOf(site)
    const now = performance.now()
    wellSince = troubles.length === 0 ? (wellSince ?? now) : undefined
    const steady = (await needsSteadiness(site)) ? ready_for * 1000 : 0
    if (wellSince !== undefined && now - wellSince >= steady) return { ms: Math.round(now - started) }
    const trouble = troubles.join('; ')
    if (now - started > within * 1000 + steady)
      throw new StepError(
        'unhealthy',
        `it is not well after ${within} s: ${trouble || 'it is well, and then not again'}`,
      )
    if (trouble && trouble !== said) site.say(`waits for health: ${trouble}`)
    said = trouble
    await pause(LOOK, undefined, { signal: site.signal })
  }
}

/** What a host without a node and without gates of its own says once it has settled needs no second look. */
async function needsSteadiness({ nodes, host, operation }: Site): Promise<boolean> {
  const { command, url } = operation.policy.health
  return command !== '' || url !== '' || (await nodes.nodeOf(host.address)) !== undefined
}

async function troublesOf(site: Site): Promise<string[]> {
  const checks = [nodeTroubles(site), hostTroubles(site), urlTroubles(site)]
  return (await Promise.all(checks.map((check) => orWhyNot(site, check)))).flat()
}

/** What cannot be asked now is not well now; it may be a moment later. */
async function orWhyNot({ signal }: Site, check: Promise<string[]>): Promise<string[]> {
  try {
    return await check
  } catch (error) {
    signal.throwIfAborted()
    const mayPass = isHostError(error) ? passing.has(error.code) : isOutage(error)
    if (!mayPass) throw error
    return [saidBy(error)]
  }
}

const passing: ReadonlySet<HostErrorCode> = new Set(['unreachable', 'refused', 'timeout', 'connection_lost'])

async function nodeTroubles({ nodes, host, progress, signal }: Site): Promise<string[]> {
  const node = await nodes.nodeOf(host.address)
  if (!node) return []
  const bootID = noteOf(progress, 'return')?.['boot_id']
  const expected = typeof bootID === 'string' ? { bootID } : {}
  const { reasons } = await node.of.nodeGate(node.name, { ...expected, signal })
  return reasons.map((reason) => `node ${node.name}: ${reason}`)
}

async function hostTroubles(site: Site): Promise<string[]> {
  const { command, accepted_units } = site.operation.policy.health
  const { signal } = site
  await using remote = await site.connect()
  const { systemd, isNoLogin } = await takePulse(remote, { signal })
  const failed = systemd?.failedUnits.filter((unit) => !accepted_units.includes(unit)) ?? []
  const known = knownFailures(site)
  const fresh = failed.filter((unit) => !known.has(unit))
  const troubles = fresh.length > 0 ? [`failed units: ${fresh.join(', ')}`] : []
  if (isNoLogin) troubles.push('it refuses logins')
  if (command === '') return troubles
  const { code, stderr } = await remote.run(command, { signal })
  return code === 0
    ? troubles
    : [...troubles, `"${command}" ended with ${code}: ${stderr.trim().slice(-200)}`]
}

/** Units that had failed before anything was done are not our failures. */
function knownFailures({ progress }: Site): ReadonlySet<string> {
  const units = noteOf(progress, 'check')?.['failed_units']
  return new Set(Array.isArray(units) ? units.map(String) : [])
}

async function urlTroubles({ operation, host, signal }: Site): Promise<string[]> {
  const { url } = operation.policy.health
  if (url === '') return []
  const asked = url.replaceAll('{address}', host.address)
  try {
    const response = await fetch(asked, { signal: AbortSignal.any([signal, AbortSignal.timeout(10_000)]) })
    await response.body?.cancel()
    return response.ok ? [] : [`${asked} answers ${response.status}`]
  } catch (error) {
    signal.throwIfAborted()
    return [`${asked}: ${error instanceof Error ? error.message : String(error)}`]
  }
}
