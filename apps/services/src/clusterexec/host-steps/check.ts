/** The step that checks a host for obstacles before anything is changed on it. */
import { setTimeout as pause } from 'node:timers/promises'

import { type Finding, type FindingCode, gatherFacts, preflight } from '@commissaire/hosts'
import type { OperationKindName } from '@commissaire/models'

import type { StepContext, Step } from './step-context.ts'
import { StepError } from './step-error.ts'

/** Milliseconds to wait for an obstacle that passes by itself. */
const PATIENCE = 5 * 60_000
const transient: ReadonlySet<FindingCode> = new Set(['busy', 'starting'])

/** Findings that obstruct changes of packages or images, but not a reboot. */
const changeOnly: ReadonlySet<FindingCode> = new Set([
  'no_space',
  'no_inodes',
  'not_supported',
  'driven_elsewhere',
  'packages_broken',
])

/** Fails with the first finding that blocks. Waits for those that pass by themselves. */
export const check: Step = async (context) => {
  const started = performance.now()
  for (;;) {
    const { note, blocking } = await inspect(context)
    if (!blocking) return note
    const mayPass = transient.has(blocking.code) && performance.now() - started < PATIENCE
    if (!mayPass) throw new StepError(blocking.code, `${blocking.found}. ${blocking.remedy}`)
    context.report(`waits: ${blocking.found}`)
    await pause(2000, undefined, { signal: context.signal })
  }
}

/** The findings that matter to an operation of this kind. */
export function relevantFindings(findings: readonly Finding[], kind: OperationKindName): Finding[] {
  if (kind === 'upgrade' || kind === 'deploy') return [...findings]
  return findings.filter(({ code }) => !changeOnly.has(code))
}

async function inspect({ connect, signal, operation }: StepContext): Promise<{
  note: Record<string, unknown>
  blocking: Finding | undefined
}> {
  await using remote = await connect()
  const facts = await gatherFacts(remote, { signal })
  const note = { boot_id: facts.bootId, failed_units: facts.systemd?.failedUnits ?? [] }
  if (operation.kind === 'exec' || operation.kind === 'drain') return { note, blocking: undefined }
  const findings = relevantFindings(await preflight(remote, facts, { signal }), operation.kind)
  return { note, blocking: findings.find(({ severity }) => severity === 'blocks') }
}
