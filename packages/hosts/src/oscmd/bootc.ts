/** RHEL image mode and Fedora bootc: the system is a container image; what is staged runs after any reboot. */
import { HostError } from '../errors.ts'
import type { Facts } from '../facts/facts.ts'
import type { RebootNeed } from '../facts/reboot-need.ts'
import { at, parseJson } from '../json.ts'
import { quote } from '../command/quote.ts'
import type { CommandResult } from '../remote.ts'
import { minute, type OsCommands, type Outcome, type Pending } from './commands.ts'
import type { InitCommands } from './init.ts'
import { byStatus, failed } from './outcome.ts'
import { noServices } from './services.ts'

function readBootc(result: CommandResult): Outcome {
  const { code, stdout, stderr } = result
  if (code !== 0) return failed(result)
  return /No (changes|update)|already (queued|staged)|Image specification is unchanged/i.test(stdout + stderr)
    ? { kind: 'nothing' }
    : { kind: 'done' }
}

function readPending({ code, stdout }: CommandResult): Pending {
  if (code !== 0) return { count: undefined, security: undefined }
  return { count: /No (changes|update)/i.test(stdout) ? 0 : 1, security: undefined }
}

function readNeed({ code, stdout }: CommandResult): RebootNeed {
  const source = 'bootc status'
  const status = at(parseJson(stdout), 'status')
  if (!status)
    return { answer: 'unknown', reason: `bootc status cannot be read (exit status ${code})`, source }
  if (at(status, 'staged')) return { answer: 'yes', reason: 'an image is staged', source }
  return { answer: 'no', reason: 'no image is staged', source }
}

/** The reference of a version: itself when it names an image, else another tag or digest of the booted image. */
function referenceOf(version: string, facts: Facts): string {
  if (version.includes('/')) return version
  const booted = facts.image?.booted.reference
  if (!booted) {
    throw new HostError(
      'not_supported',
      `${facts.address}: the booted image has no name of which "${version}" could be a tag`,
      {
        address: facts.address,
        remedy: 'Give the whole reference: registry/name:tag',
      },
    )
  }
  const name = booted.replace(/@.*$/, '').replace(/:[^/:]+$/, '')
  return version.startsWith('sha256:') ? `${name}@${version}` : `${name}:${version}`
}

const noPackages = (): never => {
  throw new HostError('not_supported', 'A bootc host takes no packages', {
    remedy: 'Build the packages into its image and deploy that',
  })
}

/** The commands of bootc's systems. */
export const bootc = (init: InitCommands, facts: Facts): OsCommands => ({
  ...init,
  family: 'bootc',
  kind: 'image',
  refresh: () => ({ run: 'bootc upgrade --check', timeout: 5 * minute, read: byStatus() }),
  pending: () => ({ run: 'bootc upgrade --check', timeout: 5 * minute, read: readPending }),
  upgrade: () => ({ run: 'bootc upgrade', timeout: 60 * minute, read: readBootc }),
  deploy: (version) => ({
    run: `bootc switch ${quote(referenceOf(version, facts))}`,
    timeout: 60 * minute,
    read: readBootc,
  }),
  install: noPackages,
  rebootNeed: () => ({
    run: 'bootc status --format=json --format-version=1',
    timeout: minute,
    read: readNeed,
  }),
  servicesToRestart: () => noServices,
})
