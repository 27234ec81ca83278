/**
 * Whether a host needs a reboot: four answers, each with its reason and its source.
 *
 * This reads only the signs that cost nothing. `rebootNeeded` asks the family's own tool, which is slower and knows
 * more. A tool that is missing or fails never counts as a yes or a no.
 */
import type { Answer } from './answer.ts'
import type { Family } from './family.ts'
import type { ImageState } from './image.ts'

/** Whether a host needs a reboot, and who says so. */
export interface RebootNeed {
  readonly answer: 'yes' | 'no' | 'unknown' | 'not_applicable'
  /** In a sentence, for people. */
  readonly reason: string
  /** The file or command that tells. */
  readonly source: string
}

/** What the signs are read against. */
export interface RebootSigns {
  readonly family: Family | undefined
  readonly kernel: string
  readonly isContainer: boolean
  readonly image: ImageState | undefined
}

/** The need as signs on the host tell it. */
export function needBySigns(answer: Answer, signs: RebootSigns): RebootNeed {
  return flagged(answer) ?? staged(signs) ?? contained(signs) ?? kernelNeed(answer, signs)
}

function flagged(answer: Answer): RebootNeed | undefined {
  for (const file of ['/run/reboot-required', '/var/run/reboot-required', '/run/reboot-needed']) {
    if (!answer.has(`flag.${file}`)) continue
    const wish = answer.get('flag.packages') ?? answer.get(`flag.${file}`)
    return { answer: 'yes', reason: `the system asks for it${wish ? ` (${wish})` : ''}`, source: file }
  }
  return undefined
}

function staged({ family, image }: RebootSigns): RebootNeed | undefined {
  if (family !== 'rpm-ostree' && family !== 'bootc') return undefined
  const source = `${family} status`
  if (!image) return { answer: 'unknown', reason: `${family} does not tell what is booted`, source }
  const { pending } = image
  if (!pending) return { answer: 'no', reason: 'the newest image is booted', source }
  return { answer: 'yes', reason: `image ${pending.version ?? pending.digest} waits for a reboot`, source }
}

function contained({ isContainer }: RebootSigns): RebootNeed | undefined {
  if (!isContainer) return undefined
  return {
    answer: 'not_applicable',
    reason: 'a container runs the kernel of its host',
    source: 'virtualization',
  }
}

function kernelNeed(answer: Answer, { family, kernel }: RebootSigns): RebootNeed {
  const modules = new Set(answer.all('kernel.modules'))
  if (family === 'pacman' || family === 'apk') return modulesNeed(modules, kernel)
  const installed = [...answer.all('kernel.boot'), ...modules].filter(
    (version) => flavour(version) === flavour(kernel),
  )
  const newest = installed.sort(byVersion).at(-1)
  const source = 'installed kernels'
  if (newest === undefined || !installed.includes(kernel))
    return { answer: 'unknown', reason: `no installed kernel is recognized as the running ${kernel}`, source }
  if (newest === kernel) return { answer: 'no', reason: `the newest kernel ${kernel} runs`, source }
  return { answer: 'yes', reason: `kernel ${newest} is installed, ${kernel} runs`, source }
}

/** Where an upgrade removes the old kernel's modules. No modules at all only means that they are built in. */
function modulesNeed(modules: ReadonlySet<string>, kernel: string): RebootNeed {
  const source = '/lib/modules'
  if (modules.has(kernel))
    return { answer: 'no', reason: `the modules of the running ${kernel} are in place`, source }
  if (modules.size === 0)
    return { answer: 'unknown', reason: 'there are no kernel modules to judge by', source }
  return {
    answer: 'yes',
    reason: `the modules of the running ${kernel} were replaced by ${[...modules].join(', ')}`,
    source,
  }
}

const noFlavour = new Set(['deb', 'bpo', 'el', 'fc', 'rc'])

/** What tells kernels of one purpose from others, such as `amd` or `cloud amd`: the words, without what counts up. */
function flavour(version: string): string {
  const words = version.split(/[^a-z]+/i).filter((word) => word && !noFlavour.has(word))
  return words.join(' ')
}

function byVersion(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true })
}
