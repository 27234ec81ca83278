/** Red Hat's family of packages: yum, dnf 4 and dnf 5 differ in little but their names. */
import type { Family } from '../facts/family.ts'
import type { RebootNeed } from '../facts/reboot-need.ts'
import { quote } from '../command/quote.ts'
import type { CommandResult } from '../remote.ts'
import { minute, type OsCommands, type Outcome, type Pending, type Question } from './commands.ts'
import type { InitCommands } from './init.ts'
import { noDeploy } from './not-supported.ts'
import { failed, needByStatus } from './outcome.ts'
import { servicesBy } from './services.ts'

interface Dialect {
  readonly family: Family & ('dnf' | 'dnf5' | 'yum')
  readonly check: string
  readonly upgrade: string
  readonly needsRestarting: string
  readonly services: string
}

function readDnf(result: CommandResult): Outcome {
  if (result.code === 200) return { kind: 'busy' }
  if (result.code !== 0) return failed(result)
  return /^(Nothing to do|No packages marked for update|There is nothing to do)/m.test(result.stdout)
    ? { kind: 'nothing' }
    : { kind: 'done' }
}

/** 100 says that there are updates, 0 that there are none; packages come one a line until the obsoleting ones. */
function readPending({ code, stdout }: CommandResult): Pending {
  if (code === 0) return { count: 0, security: undefined }
  if (code !== 100) return { count: undefined, security: undefined }
  const [updates = ''] = stdout.split(/^Obsoleting/m)
  const isPackage = (line: string): boolean => /^\S+\.\w+\s+\S+\s+\S+\s*$/.test(line)
  return { count: updates.split('\n').filter(isPackage).length, security: undefined }
}

/** The tool is a plugin that minimal systems lack, and then dnf ends with 1, the very status that means yes. */
function readNeed(tool: string): (result: CommandResult) => RebootNeed {
  const byCode = needByStatus(tool, { 0: 'no', 1: 'yes' })
  return (result) => {
    if (/No such command|Unknown argument|unrecognized arguments/i.test(result.stderr + result.stdout))
      return { answer: 'unknown', reason: `${tool} is not installed`, source: tool }
    const need = byCode(result)
    const isSpoken = /reboot|core libraries|since system boot|since boot-up/i.test(result.stdout)
    if (need.answer !== 'yes' || isSpoken) return need
    return {
      answer: 'unknown',
      reason: `${tool} ended with status 1 and says nothing of a reboot`,
      source: tool,
    }
  }
}

const family =
  (dialect: Dialect) =>
  (init: InitCommands): OsCommands => {
    const tool = dialect.family
    const needRestart: Question<RebootNeed> = {
      run: `LC_ALL=C ${dialect.needsRestarting}`,
      timeout: 2 * minute,
      read: readNeed(dialect.needsRestarting),
    }
    return {
      ...init,
      family: dialect.family,
      kind: 'packages',
      refresh: () => ({ run: `LC_ALL=C ${tool} -q makecache`, timeout: 5 * minute, read: readDnf }),
      pending: () => ({
        run: `LC_ALL=C ${tool} -q ${dialect.check}`,
        timeout: 5 * minute,
        read: readPending,
      }),
      upgrade: () => ({ run: `LC_ALL=C ${tool} -y ${dialect.upgrade}`, timeout: 60 * minute, read: readDnf }),
      deploy: () => noDeploy(tool),
      install: (packages) => ({
        run: `LC_ALL=C ${tool} -y install ${packages.map(quote).join(' ')}`,
        timeout: 20 * minute,
        read: readDnf,
      }),
      rebootNeed: () => needRestart,
      servicesToRestart: () =>
        servicesBy(`LC_ALL=C ${dialect.services}`, /^(\S+\.service)\s*$/, { statuses: [0, 1] }),
    }
  }

/** RHEL 8 and 9 and their rebuilds. */
export const dnf = family({
  family: 'dnf',
  check: 'check-update',
  upgrade: 'upgrade',
  needsRestarting: 'dnf needs-restarting -r',
  services: 'dnf needs-restarting -s',
})

/** Fedora 41 and later. */
export const dnf5 = family({
  family: 'dnf5',
  check: 'check-upgrade',
  upgrade: 'upgrade',
  needsRestarting: 'dnf5 needs-restarting',
  services: 'dnf5 needs-restarting -s',
})

/** RHEL and CentOS 7. */
export const yum = family({
  family: 'yum',
  check: 'check-update',
  upgrade: 'update',
  needsRestarting: 'needs-restarting -r',
  services: 'needs-restarting -s',
})
