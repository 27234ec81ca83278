/**
 * openSUSE and SUSE Linux Enterprise. Statuses from 100 on are information, not failure, and 103 means that zypper
 * updated itself and wants to run again.
 */
import type { Facts } from '../facts/facts.ts'
import { quote } from '../command/quote.ts'
import type { CommandResult } from '../remote.ts'
import { minute, type OsCommands, type Pending } from './commands.ts'
import type { InitCommands } from './init.ts'
import { noDeploy } from './not-supported.ts'
import { byStatus, needByStatus } from './outcome.ts'
import { servicesBy } from './services.ts'

/** How zypper's statuses are read, also by transactional-update's users. */
export const readZypper = byStatus({
  7: 'busy',
  100: 'done',
  101: 'done',
  102: 'done',
  103: 'again',
  106: 'done',
})

function readPending({ code, stdout }: CommandResult): Pending {
  const [, all] = /(\d+) patch(?:es)? needed/.exec(stdout) ?? []
  const [, security] = /\((\d+) security patch/.exec(stdout) ?? []
  if (code === 0) return { count: 0, security: 0 }
  if (code !== 100 && code !== 101) return { count: undefined, security: undefined }
  return { count: all ? Number(all) : undefined, security: security ? Number(security) : undefined }
}

/** A rolling distribution moves as a whole; the others take patches. */
function upgradeOf(facts: Facts): string {
  const isRolling = /tumbleweed|slowroll|microos/.test(facts.os.id)
  return isRolling ? 'zypper -n dup' : 'zypper -n patch'
}

/** The commands of SUSE's family. */
export const zypper = (init: InitCommands, facts: Facts): OsCommands => ({
  ...init,
  family: 'zypper',
  kind: 'packages',
  refresh: () => ({ run: 'LC_ALL=C zypper -n ref', timeout: 5 * minute, read: readZypper }),
  pending: () => ({ run: 'LC_ALL=C zypper -n patch-check', timeout: 2 * minute, read: readPending }),
  upgrade: () => ({ run: `LC_ALL=C ${upgradeOf(facts)}`, timeout: 60 * minute, read: readZypper }),
  deploy: () => noDeploy('zypper'),
  install: (packages) => ({
    run: `LC_ALL=C zypper -n install ${packages.map(quote).join(' ')}`,
    timeout: 20 * minute,
    read: readZypper,
  }),
  rebootNeed: () => ({
    run: 'LC_ALL=C zypper needs-rebooting',
    timeout: minute,
    read: needByStatus('zypper needs-rebooting', { 0: 'no', 102: 'yes' }),
  }),
  servicesToRestart: () =>
    servicesBy('LC_ALL=C zypper -n ps -sss', /^([\w@.:-]+)\s*$/, { statuses: [0, 102] }),
})
