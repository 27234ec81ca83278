/** Alpine. A diskless host forgets everything that `lbu commit` does not write down. */
import { quote } from '../command/quote.ts'
import type { CommandResult } from '../remote.ts'
import { minute, type OsCommands, type Outcome, type Pending } from './commands.ts'
import type { InitCommands } from './init.ts'
import { modulesQuestion, readModules } from './kernel-modules.ts'
import { noDeploy } from './not-supported.ts'
import { failed } from './outcome.ts'
import { nobodyKnows } from './services.ts'

const commit =
  'if [ "$(lbu package - 2>/dev/null | wc -c)" -gt 0 ] && grep -q "^tmpfs / " /proc/mounts; then lbu commit -d; fi'

function readApk(result: CommandResult): Outcome {
  if (/Unable to lock database/.test(result.stderr)) return { kind: 'busy' }
  if (result.code !== 0) return failed(result)
  return /^\(\d+\/\d+\)/m.test(result.stdout) ? { kind: 'done' } : { kind: 'nothing' }
}

/** `apk version` prints a header and then a package a line. */
function readPending({ code, stdout }: CommandResult): Pending {
  if (code !== 0) return { count: undefined, security: undefined }
  return { count: stdout.split('\n').filter((line) => / < /.test(line)).length, security: undefined }
}

/** The commands of Alpine. */
export const apk = (init: InitCommands): OsCommands => ({
  ...init,
  family: 'apk',
  kind: 'packages',
  refresh: () => ({ run: 'apk update -q', timeout: 5 * minute, read: readApk }),
  pending: () => ({ run: "apk -U version -l '<'", timeout: 5 * minute, read: readPending }),
  upgrade: () => ({ run: `apk upgrade -U -a && ${commit}`, timeout: 30 * minute, read: readApk }),
  deploy: () => noDeploy('apk'),
  install: (packages) => ({
    run: `apk add -U ${packages.map(quote).join(' ')} && ${commit}`,
    timeout: 10 * minute,
    read: readApk,
  }),
  rebootNeed: () => ({ run: modulesQuestion, timeout: minute, read: readModules }),
  servicesToRestart: () => nobodyKnows,
})
