/**
 * SLE Micro, MicroOS and Leap Micro: a read-only root, changed by making a snapshot that the next boot runs.
 *
 * A second snapshot before the reboot would drop the first, hence `--continue` when installing packages.
 */
import type { Facts } from '../facts/facts.ts'
import type { RebootNeed } from '../facts/reboot-need.ts'
import { quote } from '../command/quote.ts'
import type { CommandResult } from '../remote.ts'
import { minute, type OsCommands, type Outcome } from './commands.ts'
import type { InitCommands } from './init.ts'
import { noDeploy } from './not-supported.ts'
import { failed } from './outcome.ts'
import { zypper } from './zypper.ts'
import { noServices } from './services.ts'

const tool = 'LC_ALL=C transactional-update -n --no-selfupdate'

function readSnapshot(result: CommandResult): Outcome {
  const text = result.stdout + result.stderr
  if (/Another instance|is locked|zypp.*lock/i.test(text)) return { kind: 'busy' }
  if (result.code !== 0) return failed(result)
  return /Nothing to do|no updates found|zypper: nothing to/i.test(text)
    ? { kind: 'nothing' }
    : { kind: 'done' }
}

const rebootQuestion =
  'if [ -e /run/reboot-needed ]; then echo "needed $(cat /run/reboot-needed)"; else echo settled; fi'

function readNeed({ stdout }: CommandResult): RebootNeed {
  const source = '/run/reboot-needed'
  const [, how] = /^needed ?(.*)$/m.exec(stdout) ?? []
  if (how !== undefined) return { answer: 'yes', reason: `a new snapshot waits (${how || 'reboot'})`, source }
  if (stdout.startsWith('settled')) return { answer: 'no', reason: 'no new snapshot waits', source }
  return { answer: 'unknown', reason: 'the host did not say', source }
}

/** The commands of SUSE's transactional systems. */
export const transactionalUpdate = (init: InitCommands, facts: Facts): OsCommands => ({
  ...zypper(init, facts),
  family: 'transactional-update',
  kind: 'snapshot',
  upgrade: () => ({
    run: `${tool} ${/microos|tumbleweed|slowroll/.test(facts.os.id) ? 'dup' : 'patch'}`,
    timeout: 60 * minute,
    read: readSnapshot,
  }),
  deploy: () => noDeploy('transactional-update'),
  install: (packages) => ({
    run: `${tool} --continue pkg install ${packages.map(quote).join(' ')}`,
    timeout: 20 * minute,
    read: readSnapshot,
  }),
  rebootNeed: () => ({ run: rebootQuestion, timeout: minute, read: readNeed }),
  servicesToRestart: () => noServices,
})
