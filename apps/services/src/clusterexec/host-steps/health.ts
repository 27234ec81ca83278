/**
 * The gates after a host was worked on: its node Ready for a while without a break, with the boot id that the host
 * itself has, without pressure, its DaemonSet pods up; systemd well; a command and a URL of one's own.
 */
import { setTimeout as pause } from 'node:timers/promises'

import { type HostErrorCode, isHostError, takePulse } from '@commissaire/hosts'

import { isOutage, describeFailure } from '../node-steps/api-outage.ts'
import { noteOf, type StepContext, type StepNote } from './step-context.ts'
import { StepError } from './step-error.ts'

/** Milliseconds between looks. */
const INTERVAL = 1000

/** Waits until every gate has been open for as long as the policy says. */
export async function health(context: StepContext): Promise<StepNote> {
  const { ready_for, within } = context.operation.policy.health
  const started = performance.now()
  let wellSince: number | undefined
  let said = ''
  for (;;) {
    const troubles = await problemsOf(context)
    const now = performance.now()
    wellSince = troubles.length === 0 ? (wellSince ?? now) : undefined
    const steady = (await mustStayHealthy(context)) ? ready_for * 1000 : 0
    if (wellSince !== undefined && now - wellSince >= steady) return { ms: Math.round(now - started) }
    const trouble = troubles.join('; ')
    if (now - started > within * 1000 + steady)
      throw new StepError(
        'unhealthy',
        `it is not well after ${within} s: ${trouble || 'it is well, and then not again'}`,
      )
    if (trouble && trouble !== said) context.report(`waits for health: ${trouble}`)
    said = trouble
    await pause(INTERVAL, undefined, { signal: context.signal })
  }
}

/** What a host without a node and without gates of its own says once it has settled needs no second look. */
async function mustStayHealthy({ nodes, host, operation }: StepContext): Promise<boolean> {
  const { command, url } = operation.policy.health
  return command !== '' || url !== '' || (await nodes.nodeOf(host.address)) !== undefined
}

async function problemsOf(context: StepContext): Promise<string[]> {
  const checks = [nodeProblems(context), hostProblems(context), urlProblems(context)]
  return (await Promise.all(checks.map((check) => orReason(context, check)))).flat()
}

/** What cannot be asked now is not well now; it may be a moment later. */
async function orReason({ signal }: StepContext, check: Promise<string[]>): Promise<string[]> {
  try {
    return await check
  } catch (error) {
    signal.throwIfAborted()
    const mayPass = isHostError(error) ? transient.has(error.code) : isOutage(error)
    if (!mayPass) throw error
    return [describeFailure(error)]
  }
}

const transient: ReadonlySet<HostErrorCode> = new Set([
  'unreachable',
  'refused',
  'timeout',
  'connection_lost',
  'too_much_output',
])

async function nodeProblems({ nodes, host, progress, signal }: StepContext): Promise<string[]> {
  const node = await nodes.nodeOf(host.address)
  if (!node) return []
  const bootID = noteOf(progress, 'return')?.['boot_id']
  const expected = typeof bootID === 'string' ? { bootID } : {}
  const { reasons } = await node.of.nodeGate(node.name, { ...expected, signal })
  return reasons.map((reason) => `node ${node.name}: ${reason}`)
}

async function hostProblems(context: StepContext): Promise<string[]> {
  const { command, accepted_units } = context.operation.policy.health
  const { signal } = context
  await using remote = await context.connect()
  const { systemd, isNoLogin } = await takePulse(remote, { signal })
  const failed = systemd?.failedUnits.filter((unit) => !accepted_units.includes(unit)) ?? []
  const known = knownFailures(context)
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
function knownFailures({ progress }: StepContext): ReadonlySet<string> {
  const units = noteOf(progress, 'check')?.['failed_units']
  return new Set(Array.isArray(units) ? units.map(String) : [])
}

async function urlProblems({ operation, host, signal }: StepContext): Promise<string[]> {
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
