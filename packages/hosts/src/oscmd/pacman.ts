/** Arch Linux. Always a whole upgrade, never a refresh alone, and the keyring before everything else. */
import type { RebootNeed } from '../facts/reboot-need.ts'
import { quote } from '../command/quote.ts'
import type { CommandResult } from '../remote.ts'
import { minute, type OsCommands, type Outcome, type Pending } from './commands.ts'
import type { InitCommands } from './init.ts'
import { modulesQuestion, readModules } from './kernel-modules.ts'
import { noDeploy } from './not-supported.ts'
import { byStatus, failed } from './outcome.ts'
import { nobodyKnows } from './services.ts'

function readPacman(result: CommandResult): Outcome {
  if (/unable to lock database/.test(result.stderr)) return { kind: 'busy' }
  if (result.code !== 0) return failed(result)
  return /there is nothing to do/.test(result.stdout) ? { kind: 'nothing' } : { kind: 'done' }
}

function readPending({ code, stdout }: CommandResult): Pending {
  if (code === 2) return { count: 0, security: undefined }
  if (code !== 0) return { count: undefined, security: undefined }
  return { count: stdout.split('\n').filter(Boolean).length, security: undefined }
}

const keyringFirst = 'LC_ALL=C pacman -Sy --noconfirm --needed archlinux-keyring'

/** The commands of Arch. */
export const pacman = (init: InitCommands): OsCommands => ({
  ...init,
  family: 'pacman',
  kind: 'packages',
  // A refresh without an upgrade would make later installs partial upgrades, which Arch does not support.
  refresh: () => ({ run: 'true', timeout: minute, read: byStatus() }),
  pending: () => ({ run: 'LC_ALL=C checkupdates', timeout: 5 * minute, read: readPending }),
  upgrade: () => ({
    run: `${keyringFirst} && LC_ALL=C pacman -Su --noconfirm`,
    timeout: 60 * minute,
    read: readPacman,
  }),
  deploy: () => noDeploy('pacman'),
  install: (packages) => ({
    run: `LC_ALL=C pacman -Syu --noconfirm --needed ${packages.map(quote).join(' ')}`,
    timeout: 30 * minute,
    read: readPacman,
  }),
  rebootNeed: () => ({
    run: modulesQuestion,
    timeout: minute,
    read: (result): RebootNeed => readModules(result),
  }),
  servicesToRestart: () => nobodyKnows,
})
