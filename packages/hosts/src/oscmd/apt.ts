/**
 * Debian, Ubuntu and what is derived from them.
 *
 * `apt-get`, not `apt`, which promises nothing to scripts. Configuration files that somebody changed are kept. A run
 * that was cut off is first finished by dpkg.
 */
import type { RebootNeed } from '../facts/reboot-need.ts'
import { quote } from '../command/quote.ts'
import type { CommandResult } from '../remote.ts'
import { minute, type OsCommand, type OsCommands, type Outcome, type Pending } from './commands.ts'
import type { InitCommands } from './init.ts'
import { noDeploy } from './not-supported.ts'
import { byStatus, failed } from './outcome.ts'
import { servicesBy } from './services.ts'

const quiet = 'DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=a LC_ALL=C'
const keepOurs =
  '-o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold -o DPkg::Lock::Timeout=300'
const aptGet = `${quiet} apt-get -y ${keepOurs}`

function readApt(result: CommandResult): Outcome {
  const { code, stdout, stderr } = result
  if (/Could not get lock|Unable to (acquire|lock)/.test(stderr)) return { kind: 'busy' }
  if (code !== 0) return failed(result)
  return /^0 upgraded, 0 newly installed, 0 to remove/m.test(stdout) ? { kind: 'nothing' } : { kind: 'done' }
}

function readPending({ code, stdout }: CommandResult): Pending {
  if (code !== 0) return { count: undefined, security: undefined }
  const lines = stdout.split('\n').filter((line) => line.startsWith('Inst '))
  return { count: lines.length, security: lines.filter((line) => /security/i.test(line)).length }
}

/** The flag alone proves nothing when it is missing: what writes it need not be installed. */
const rebootQuestion = `
if [ -e /run/reboot-required ]; then echo flag; sort -u /run/reboot-required.pkgs 2>/dev/null | tr '\\n' ' '
elif command -v needrestart >/dev/null 2>&1; then needrestart -b -k
else exit 127; fi`

function readNeed({ code, stdout }: CommandResult): RebootNeed {
  if (stdout.startsWith('flag'))
    return {
      answer: 'yes',
      reason: `the system asks for it (${stdout.slice(4).trim()})`,
      source: '/run/reboot-required',
    }
  const source = 'needrestart'
  const state = /^NEEDRESTART-KSTA: (\d)/m.exec(stdout)?.[1]
  if (state === '2' || state === '3') return { answer: 'yes', reason: 'a newer kernel is installed', source }
  if (state === '1') return { answer: 'no', reason: 'the newest kernel runs', source }
  const reason = code === 127 ? 'needrestart is not installed' : `needrestart does not know (status ${code})`
  return { answer: 'unknown', reason, source }
}

/** On a host that was never refreshed no package is known. */
const install = (packages: readonly string[]): OsCommand => ({
  run: `${quiet} apt-get -qq update && ${aptGet} install ${packages.map(quote).join(' ')}`,
  timeout: 20 * minute,
  read: readApt,
})

/** The commands of Debian's family. */
export const apt = (init: InitCommands): OsCommands => ({
  ...init,
  family: 'apt',
  kind: 'packages',
  refresh: () => ({ run: `${quiet} apt-get -qq update`, timeout: 5 * minute, read: byStatus() }),
  pending: () => ({
    run: 'LC_ALL=C apt-get -s -o Debug::NoLocking=1 dist-upgrade',
    timeout: 2 * minute,
    read: readPending,
  }),
  upgrade: () => ({
    run: `${quiet} dpkg --force-confdef --force-confold --configure -a && ${aptGet} dist-upgrade`,
    timeout: 60 * minute,
    read: readApt,
  }),
  deploy: () => noDeploy('apt'),
  install,
  rebootNeed: () => ({ run: rebootQuestion, timeout: minute, read: readNeed }),
  servicesToRestart: () => servicesBy('needrestart -b -l', /^NEEDRESTART-SVC: (\S+)/),
})
