/**
 * Checks a host before an operation, and reports everything that would obstruct it, before anything is changed.
 *
 * One round trip, and as things are now: of the facts only what does not change by itself is used. That a host cannot be
 * reached, or is not itself, shows when one connects. `checkReady` refuses the worst of this once more, right before.
 */
import { type Answer, parseAnswer } from '../facts/answer.ts'
import type { Facts } from '../facts/facts.ts'
import type { GatherOptions } from '../facts/gather.ts'
import { probeCommand } from '../facts/probe.ts'
import { needBySigns } from '../facts/reboot-need.ts'
import { type FileSystem, fileSystems } from '../facts/storage.ts'
import { isContainer } from '../facts/virtualization.ts'
import { type Finding, finding } from './findings.ts'
import { preflightProbe } from './probe.ts'
import { leastSpace } from '../updates/ready.ts'
import type { Remote } from '../remote.ts'

interface Sight {
  readonly answer: Answer
  readonly facts: Facts
  /** How far the host's clock is ahead of ours, in seconds. */
  readonly skew: number | undefined
}

/** Everything that is in the way, the worst first; nothing when the host is ready. */
export async function preflight(
  remote: Remote,
  facts: Facts,
  { signal, timeout = 30_000 }: GatherOptions = {},
): Promise<Finding[]> {
  const result = await remote.run(probeCommand, {
    input: preflightProbe,
    timeout,
    ...(signal && { signal }),
  })
  const answer = parseAnswer(result, remote.address)
  const sight = { answer, facts, skew: skewOf(answer, { at: Date.now() - result.ms / 2 }) }
  const found = looks.flatMap((look) => look(sight))
  return found.sort((a, b) => Number(b.severity === 'blocks') - Number(a.severity === 'blocks'))
}

type Look = (sight: Sight) => Finding[]

const privileged: Look = ({ answer, facts }) => {
  const [, reason] = /^none(?:: (.*))?$/.exec(answer.get('privilege') ?? '') ?? []
  return reason === undefined ? [] : [finding('no_sudo', `${facts.user}: ${reason}`)]
}

const known: Look = ({ facts: { family, os } }) =>
  family ? [] : [finding('not_supported', `it runs "${os.name}"`)]

const unlocked: Look = ({ answer }) => {
  const held = answer.all('lock').map((lock) => finding('busy', `${lock} is held`))
  const state = answer.get('ostree.state')
  return state?.startsWith('busy') ? [...held, finding('busy', 'rpm-ostree is in a transaction')] : held
}

const roomy: Look = ({ answer }) => fileSystems(answer).flatMap((fileSystem) => fullness(fileSystem))

function fullness({ mount, available, inodesAvailable = Infinity }: FileSystem): Finding[] {
  const least = leastSpace[mount] ?? 0
  const found: Finding[] = []
  if (available < least)
    found.push(finding('no_space', `${mount} has ${available} kB left, less than ${least} kB`))
  if (inodesAvailable < leastInodes)
    found.push(finding('no_inodes', `${mount} has room for ${inodesAvailable} more files`))
  return found
}

const leastInodes = 1000

const writable: Look = ({ answer, facts }) => {
  const isReadOnly = /^\S+ (.*,)?ro(,|$)/.test(answer.get('root') ?? '')
  const isOfPackages = facts.family && !facts.isOstree && facts.family !== 'transactional-update'
  return isReadOnly && isOfPackages ? [finding('read_only', '/ is mounted read-only')] : []
}

const whole: Look = ({ answer }) => {
  const unfinished = answer.all('unfinished')
  if (unfinished.length > 0)
    return [finding('packages_broken', `dpkg has not finished ${unfinished.join(', ')}`)]
  return answer.has('interrupted') ? [finding('packages_broken', 'dpkg was interrupted')] : []
}

const free: Look = ({ answer, facts: { family } }) => {
  const drivers = answer.all('driver')
  return [
    ...(drivers.includes('zincati') && family === 'rpm-ostree'
      ? [finding('driven_elsewhere', 'zincati is active')]
      : []),
    ...(drivers.includes('rebootmgr') ? [finding('reboot_held', 'rebootmgr is active')] : []),
  ]
}

const settled: Look = ({ answer }) => {
  const state = answer.get('systemd.state')
  const scheduled = answer.get('scheduled')
  if (state === 'stopping') return [finding('going_down', 'systemd says "stopping"')]
  if (scheduled) return [finding('going_down', `a ${scheduled} is scheduled`)]
  if (state === 'initializing' || state === 'starting' || answer.has('nologin'))
    return [finding('starting', `systemd says "${state ?? 'nothing'}"`)]
  return []
}

const rebooted: Look = ({ answer, facts }) => {
  const { family, image, virtualization, kernel } = facts
  const signs = {
    family,
    image,
    kernel: answer.get('kernel') ?? kernel,
    isContainer: isContainer(virtualization),
  }
  const need = needBySigns(answer, signs)
  return need.answer === 'yes' ? [finding('reboot_pending', `${need.source}: ${need.reason}`)] : []
}

const punctual: Look = ({ skew }) => {
  if (skew === undefined || Math.abs(skew) <= 60) return []
  return [
    finding('clock_skew', `its clock is ${Math.round(Math.abs(skew))} s ${skew > 0 ? 'ahead' : 'behind'}`),
  ]
}

const looks: readonly Look[] = [
  privileged,
  known,
  settled,
  unlocked,
  roomy,
  writable,
  free,
  whole,
  rebooted,
  punctual,
]

function skewOf(answer: Answer, { at }: { readonly at: number }): number | undefined {
  const now = answer.number('now')
  return now === undefined ? undefined : now - at / 1000
}
