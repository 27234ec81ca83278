/**
 * Fedora CoreOS, Silverblue, IoT and Atomic Host: the whole system is one image, deployed beside the running one.
 *
 * 77 says that nothing is to be done. Layering a package is possible and rarely wise, so it is left to `install`.
 */
import type { RebootNeed } from '../facts/reboot-need.ts'
import { quote } from '../command/quote.ts'
import type { CommandResult } from '../remote.ts'
import { minute, type OsCommands, type Outcome, type Pending } from './commands.ts'
import type { InitCommands } from './init.ts'
import { byStatus, failed, needByStatus } from './outcome.ts'
import { noServices } from './services.ts'

function readOstree(result: CommandResult): Outcome {
  const { code, stdout, stderr } = result
  if (code === 77 || /No (upgrade|change)/i.test(stdout)) return { kind: 'nothing' }
  if (code === 0) return { kind: 'done' }
  return /Transaction in progress/i.test(stderr + stdout) ? { kind: 'busy' } : failed(result)
}

const readPending = ({ code }: CommandResult): Pending =>
  code === 77 ? { count: 0, security: undefined } : { count: code === 0 ? 1 : undefined, security: undefined }

const readNeed: (result: CommandResult) => RebootNeed = needByStatus('rpm-ostree status', {
  0: 'no',
  77: 'yes',
})

/** `host:tag` and digests name container images; the rest is a version or a checksum of the branch that is followed. */
function isReference(version: string): boolean {
  return version.includes('/')
}

function deployOf(version: string): string {
  const name = quote(version)
  return isReference(version) ? `rpm-ostree rebase ${name}` : `rpm-ostree deploy ${name}`
}

/** The commands of rpm-ostree's systems. */
export const rpmOstree = (init: InitCommands): OsCommands => ({
  ...init,
  family: 'rpm-ostree',
  kind: 'image',
  refresh: () => ({ run: 'rpm-ostree refresh-md', timeout: 5 * minute, read: byStatus() }),
  pending: () => ({ run: 'rpm-ostree upgrade --check', timeout: 5 * minute, read: readPending }),
  upgrade: () => ({
    run: 'LC_ALL=C rpm-ostree upgrade --unchanged-exit-77',
    timeout: 60 * minute,
    read: readOstree,
  }),
  deploy: (version) => ({ run: `LC_ALL=C ${deployOf(version)}`, timeout: 60 * minute, read: readOstree }),
  install: (packages) => ({
    run: `LC_ALL=C rpm-ostree install --idempotent --unchanged-exit-77 ${packages.map(quote).join(' ')}`,
    timeout: 30 * minute,
    read: readOstree,
  }),
  rebootNeed: () => ({ run: 'rpm-ostree status --pending-exit-77', timeout: minute, read: readNeed }),
  servicesToRestart: () => noServices,
})
