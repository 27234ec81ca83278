/**
 * What deciding costs: ten thousand simulated hosts, two in a hundred of which fail in every way the simulation knows,
 * in waves from 1 % to 20 %. The processor time is that of the whole process, so the simulated fleet and its clock are
 * in it; beside it stands the bare fleet, which does every step without anybody deciding.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { RolloutPolicy } from '@commissaire/models'
import { inOrder, type Member, stepsOf } from '@commissaire/rollout'
import { type Mishap, mishaps, SimulatedFleet, simulate } from '@commissaire/rollout/testing'

/** What was measured. */
export interface RolloutFigures {
  readonly hosts: number
  readonly failed: number
  readonly entries: number
  /** Processor time for each step of each host. */
  readonly perStepCpuMs: number
  /** The same for the fleet alone. */
  readonly bareStepCpuMs: number
  /** The most memory the process had. */
  readonly peakRssMb: number
  readonly status: string
  [name: string]: number | string
}

/** Measures in a process of its own, so that its memory is its own; takes some seconds. */
export async function measureRollout(): Promise<RolloutFigures> {
  const child = fork(fileURLToPath(import.meta.url), ['measure'], { stdio: 'inherit' })
  const [figures] = (await once(child, 'message')) as [RolloutFigures]
  return figures
}

function measure(hosts = 10_000): RolloutFigures {
  const members = Array.from({ length: hosts }, (_, index): Member => {
    return { address: `h${index}`, zone: `z${index % 4}`, isControlPlane: false }
  })
  const troubles = new Map(
    Array.from({ length: hosts / 50 }, (_, index): [string, Mishap] => {
      return [`h${index * 50}`, mishaps[index % mishaps.length] ?? 'act_fails']
    }),
  )
  const policy = RolloutPolicy.parse({
    ramp: ['1%', '5%', '20%'],
    max_unavailable: '20%',
    max_failures: '3%',
  })
  const plan = { members: inOrder(members, policy), steps: stepsOf('upgrade'), policy }
  const fleet = new SimulatedFleet(troubles)
  const before = process.cpuUsage()
  const { rollout, journal } = simulate(plan, { fleet })
  const cpuMs = spent(before)
  const written = [...journal.hosts.values()].flat()
  const steps = written.filter(({ type }) => type === 'step_began').length
  return {
    hosts,
    failed: rollout.in('failed').size,
    entries: written.length + journal.operation.length,
    perStepCpuMs: cpuMs / steps,
    bareStepCpuMs: bare(plan, troubles) / steps,
    peakRssMb: Math.round(process.resourceUsage().maxRSS / 1024),
    status: rollout.status,
  }
}

function bare({ members, steps }: Parameters<typeof simulate>[0], troubles: Map<string, Mishap>): number {
  const fleet = new SimulatedFleet(troubles)
  const before = process.cpuUsage()
  for (const { address } of members)
    for (const step of steps) fleet.perform(address, step, fleet.boot(address))
  return spent(before)
}

function spent(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

const [, program, role] = process.argv
if (program === fileURLToPath(import.meta.url) && role === 'measure') process.send?.(measure())
