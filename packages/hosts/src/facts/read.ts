/** Converts the answer of a probe to facts. A required line that is missing or invalid is the error `facts_invalid`. */
import { type Answer, invalid } from './answer.ts'
import { familyOf, osName } from './family.ts'
import type { Facts, Privilege, SystemdState } from './facts.ts'
import { bootcState, ostreeState } from './image.ts'
import { osRelease } from './os-release.ts'
import { needBySigns } from './reboot-need.ts'
import { disks, fileSystems } from './storage.ts'
import { isContainer } from './virtualization.ts'

const uuid = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/

/** Everything the answer tells; `from` is where and how it was got. */
export function readFacts(answer: Answer, from: { address: string; hostKey: string; ms: number }): Facts {
  const need = required(answer, from.address)
  const os = osRelease(answer)
  const isOstree = answer.has('ostree')
  const isRootReadOnly = /^\S+ (.*,)?ro(,|$)/.test(answer.get('root') ?? '')
  const managers = answer.all('manager')
  const bootc = bootcState(answer)
  const isBootcBooted = bootc !== undefined && !bootc.isLayered
  const family = familyOf({ managers: new Set(managers), isOstree, isRootReadOnly, isBootcBooted })
  const image = family === 'bootc' ? bootc : ostreeState(answer)
  const kernel = need.text('kernel')
  const virtualization = answer.get('virtualization')
  return {
    address: from.address,
    hostKey: from.hostKey,
    osName: osName(os, isOstree),
    os,
    family,
    kernel,
    arch: need.text('arch'),
    name: need.text('name'),
    machineId: answer.get('machine-id'),
    bootId: bootIdOf(answer, from.address),
    bootTime: answer.number('btime'),
    uptime: need.number('uptime'),
    cpus: need.number('cpus'),
    memory: { total: need.number('memory.total'), available: answer.number('memory.available') },
    fileSystems: fileSystems(answer),
    disks: disks(answer),
    virtualization,
    vendor: answer.get('vendor'),
    init: answer.get('init'),
    systemd: systemdState(answer),
    isOstree,
    isRootReadOnly,
    image,
    managers,
    drivers: answer.all('driver'),
    user: need.text('user'),
    privilege: privilege(need.text('privilege'), from.address),
    runtimes: answer.all('runtime').map((line) => {
      const [name = '', state = 'unknown'] = line.split(' ')
      return { name, state: state || 'unknown' }
    }),
    sessions: answer.all('session').length,
    locks: answer.all('lock'),
    isNoLogin: answer.has('nologin'),
    rebootNeed: needBySigns(answer, { family, kernel, isContainer: isContainer(virtualization), image }),
    probe: timing(from.ms, need.number('uptime'), need.number('finished')),
  }
}

/** The boot id, which must be a UUID: an error text in its place must never look like a new boot. */
export function bootIdOf(answer: Answer, address: string): string {
  const id = answer.get('boot-id')
  if (id && uuid.test(id)) return id
  throw invalid(address, `the boot id is "${id ?? ''}", which is no UUID`)
}

/** How systemd is; undefined where there is none. */
export function systemdState(answer: Answer): SystemdState | undefined {
  if (!answer.has('systemd.state')) return undefined
  return {
    state: answer.get('systemd.state'),
    failedUnits: answer.all('systemd.failed'),
    userspaceStart: answer.number('systemd.UserspaceTimestampMonotonic'),
    softReboots: answer.number('systemd.SoftRebootsCount'),
  }
}

function privilege(text: string, address: string): Privilege {
  const [, level, reason] = /^(root|sudo|none)(?:: (.*))?$/.exec(text) ?? []
  if (level === 'root' || level === 'sudo' || level === 'none') return { level, reason }
  throw invalid(address, `the privilege is "${text}"`)
}

function timing(ms: number, start: number, end: number): Facts['probe'] {
  const hostMs = Math.max(0, Math.round((end - start) * 1000))
  return { ms, hostMs, overheadMs: Math.max(0, ms - hostMs) }
}

interface Required {
  text(key: string): string
  number(key: string): number
}

function required(answer: Answer, address: string): Required {
  const wanted = <T>(key: string, value: T | undefined): T => {
    if (value !== undefined) return value
    throw invalid(address, `"${key}" is "${answer.get(key) ?? ''}"`)
  }
  return {
    text: (key) => wanted(key, answer.get(key)),
    number: (key) => wanted(key, answer.number(key)),
  }
}
