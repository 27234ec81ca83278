/** Creates the answers of the probes for a scripted host. */
import { firstLine, lastLine } from '../facts/probe.ts'
import { type SystemName, systems } from './systems.ts'

/** What changes on a scripted host from one answer to the next. */
export interface HostState {
  readonly system: SystemName
  readonly name: string
  readonly user: string
  readonly bootId: string
  /** Seconds. */
  readonly uptime: number
  readonly systemdState: string
  readonly failedUnits: readonly string[]
  readonly softReboots: number
  readonly privilege: string
  /** Further lines; a key given here replaces the usual one. */
  readonly lines: readonly string[]
}

const usual: readonly string[] = [
  'arch=x86_64',
  'machine-id=3d1219c7c4c5404aaa1f6d2a48adfda4',
  'init=systemd',
  'btime=1795491546',
  'memory.total=8041264',
  'memory.available=6012440',
  'root=ext4 rw,relatime',
  'cpus=4',
  'fs=/dev/vda2  41152736 9365708 29652212      24% /',
  'fs=/dev/vda1    996780  182840   745128      20% /boot',
  'fs=/dev/vda2  41152736 9365708 29652212      24% /',
  'inodes=/dev/vda2  2621440 151234 2470206    6% /',
  'inodes=/dev/vda1    65536    312   65224    1% /boot',
  'disk=vda 83886080',
  'virtualization=kvm',
  'vendor=QEMU',
  'session=admin    pts/0        2025-03-01 10:00 (10.0.0.7)',
]

/** The answer to the probe for all facts. */
export function factsAnswer(state: HostState): string {
  const own = [...systems[state.system].lines, ...state.lines]
  const replaced = new Set(own.map(keyOf))
  const { user, privilege, name, uptime } = state
  const lines = [`name=${name}`, `user=${user}`, `privilege=${privilege}`, ...usual].filter(
    (line) => !replaced.has(keyOf(line)),
  )
  return wrap([
    ...pulseLines(state),
    ...lines,
    ...own,
    `finished=${(Number(uptime.toFixed(2)) + 0.03).toFixed(2)}`,
  ])
}

/** The answer to the look before an operation: what it asks is among the facts, but for the time. */
export function preflightAnswer(state: HostState): string {
  const isOwn = state.lines.some((line) => keyOf(line) === 'now')
  const now = isOwn ? [] : [`now=${Math.floor(Date.now() / 1000)}`]
  return factsAnswer({ ...state, lines: [...state.lines, ...now] })
}

/** The answer to the probe for the boot status. */
export function bootStatusAnswer(state: HostState): string {
  return wrap(pulseLines(state))
}

/** The answer about its need of a reboot: signs as in its facts, and none of the family's tools. */
export function rebootAnswer({ system, lines }: HostState): string {
  const own = [...systems[system].lines, ...lines].filter((line) => /^(kernel|flag)/.test(line))
  return ['0.code=127', '1.code=127', '2.code=0', ...own.map((line) => `2.out=${line}`), ''].join('\n')
}

function pulseLines(state: HostState): string[] {
  const lines = [`boot-id=${state.bootId}`, `uptime=${state.uptime.toFixed(2)}`]
  if (state.system === 'alpine') return lines
  return [
    ...lines,
    `systemd.state=${state.systemdState}`,
    `systemd.UserspaceTimestampMonotonic=${4_000_000 + state.softReboots}`,
    `systemd.SoftRebootsCount=${state.softReboots}`,
    ...state.failedUnits.map((unit) => `systemd.failed=${unit}`),
  ]
}

function wrap(lines: readonly string[]): string {
  return `${[firstLine, ...lines, lastLine].join('\n')}\n`
}

function keyOf(line: string): string {
  return line.slice(0, line.indexOf('='))
}
