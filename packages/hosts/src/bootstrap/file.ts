/**
 * The step that writes a file with a given content.
 *
 * It is compared by its digest, so that a key that lies there is not read back; it reaches the host on standard input,
 * as command lines can be seen by everybody there; and it is whole or not at all. What somebody else had written is kept
 * beside it, once. The service that reads it is marked, and `runningService` starts a marked one afresh.
 */
import { createHash } from 'node:crypto'
import { dirname } from 'node:path/posix'
import { minute, type OsCommand } from '../oscmd/commands.ts'
import { byStatus } from '../oscmd/outcome.ts'
import { quote } from '../command/quote.ts'
import { checkedBy, type Step } from './step.ts'

/** A file that is to lie on the host. */
export interface HostFile {
  readonly path: string
  readonly content: string
  /** As chmod takes it; default 644. */
  readonly mode?: string
  /** The service that reads it, and must be started afresh when it changes. */
  readonly service?: string
}

/** Where a service is marked as running with an older configuration. A reboot forgets the marks, and needs none. */
export function markOf(service: string): string {
  return `/run/commissaire/restart-${service}`
}

/** The step after which the file is there. */
export function fileStep(name: string, file: HostFile): Step {
  const path = quote(file.path)
  const digest = createHash('sha256').update(file.content).digest('hex')
  const isSame = `[ "$(sha256sum <${path} | cut -c 1-64)" = ${digest} ]`
  const hasMode = `[ -n "$(find ${path} -prune -perm ${file.mode ?? '644'})" ]`
  return {
    name,
    check: checkedBy(`[ -f ${path} ] && ${isSame} && ${hasMode}`, `${file.path} is missing or different`),
    action: writing(file),
    does: `writes ${file.path}`,
  }
}

/** The command that writes the file. */
export function writing({ path, content, mode = '644', service }: HostFile): OsCommand {
  const [file, fresh, before] = [path, `${path}.commissaire-new`, `${path}.before-commissaire`].map(quote)
  const mark = service && `mkdir -p /run/commissaire && : >${quote(markOf(service))}`
  const steps = [
    'set -e; umask 077',
    ...(mark ? [mark] : []),
    `(umask 022; mkdir -p ${quote(dirname(path))})`,
    `cat >${fresh}; chmod ${mode} ${fresh}`,
    `if [ -e ${file} ] && [ ! -e ${before} ]; then cp -p ${file} ${before}; fi`,
    `mv -f ${fresh} ${file}`,
    `if command -v restorecon >/dev/null 2>&1; then restorecon ${file} || true; fi`,
  ]
  return {
    run: steps.join('\n'),
    input: content,
    title: `writing ${path}`,
    timeout: minute,
    read: byStatus(),
  }
}
