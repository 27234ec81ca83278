/**
 * The step that checks the health of a host after it was changed. Its node must be Ready without interruption for a while,
 * report the host's boot id, have no pressure and run its DaemonSet pods; systemd must have no new failed units; and the
 * command and the URL of the policy must succeed.
 */
import { setTimeout as pause } from 'node:timers/promises'

import { type HostErrorCode, isHostError, readBootStatus } from '@commissaire/hosts'

import { isOutage, describeFailure } from '../node-steps/api-outage.ts'
import { noteOf, type StepContext, type StepNote } from './step-context.ts'
import { StepError } from './step-error.ts'

/** Milliseconds between two checks. */
const INTERVAL = 1000

/** Waits until the host has been healthy for as long as the policy requires. */
export async function health(context: StepContext): Promise<StepNote> {
  const { ready_for, within } = context.operation.policy.health
  const started = Date.now()
  let healthySince = healthySinceOf(context)
  let reported = ''
  for (;;) {
    const problems = await problemsOf(context)
    const now = Date.now()
    const since = problems.length === 0 ? (healthySince ?? now) : undefined
    const required = (await mustStayHealthy(context)) ? ready_for * 1000 : 0
    if (since !== healthySince && required > 0) await context.note({ healthy_since: since ?? null })
    healthySince = since
    if (healthySince !== undefined && now - healthySince >= required) return { ms: Math.round(now - started) }
    const problem = problems.join('; ')
    if (now - started > within * 1000 + required)
      throw new StepError(
        'unhealthy',
        `it is not healthy after ${within} s: ${problem || 'it was healthy, but not for long enough'}`,
      )
    if (problem && problem !== reported) context.report(`waits for health: ${problem}`)
    reported = problem
    await pause(INTERVAL, undefined, { signal: context.signal })
  }
}

/** Since when an earlier worker found the host healthy, in milliseconds since 1970; it counts if the host is healthy now. */
function healthySinceOf({ progress }: StepContext): number | undefined {
  const since = noteOf(progress, 'health')?.['healthy_since']
  return typeof since === 'number' && since <= Date.now() ? since : undefined
}

/** A host without a node, a command and a URL has settled after its reboot already, so one check is enough. */
async function mustStayHealthy({ nodes, host, operation }: StepContext): Promise<boolean> {
  const { command, url } = operation.policy.health
  return command !== '' || url !== '' || (await nodes.nodeOf(host.address)) !== undefined
}

async function problemsOf(context: StepContext): Promise<string[]> {
  const checks = [nodeProblems(context), hostProblems(context), urlProblems(context)]
  return (await Promise.all(checks.map((check) => orReason(context, check)))).flat()
}

/** A check that fails with a transient error is a problem, and is repeated. */
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
  const { systemd, isNoLogin } = await readBootStatus(remote, { signal })
  const failed = systemd?.failedUnits.filter((unit) => !accepted_units.includes(unit)) ?? []
  const known = knownFailures(context)
  const fresh = failed.filter((unit) => !known.has(unit))
  const problems = fresh.length > 0 ? [`failed units: ${fresh.join(', ')}`] : []
  if (isNoLogin) problems.push('it refuses logins')
  if (command === '') return problems
  const { code, stderr } = await remote.run(command, { signal })
  return code === 0
    ? problems
    : [...problems, `"${command}" ended with ${code}: ${stderr.trim().slice(-200)}`]
}

/** Units that had failed before the host was changed do not count. */
function knownFailures({ progress }: StepContext): ReadonlySet<string> {
  const units = noteOf(progress, 'check')?.['failed_units']
  return new Set(Array.isArray(units) ? units.map(String) : [])
}

async function urlProblems({ operation, host, signal }: StepContext): Promise<string[]> {
  const { url } = operation.policy.health
  if (url === '') return []
  const target = url.replaceAll('{address}', host.address)
  try {
    const response = await fetch(target, { signal: AbortSignal.any([signal, AbortSignal.timeout(10_000)]) })
    await response.body?.cancel()
    return response.ok ? [] : [`${target} answers ${response.status}`]
  } catch (error) {
    signal.throwIfAborted()
    return [`${target}: ${error instanceof Error ? error.message : String(error)}`]
  }
}
