/**
 * What an operation does to one host. All of it can be begun again after a crash: a mark of the boot before a reboot is
 * kept first, so that a host that was told to reboot is waited for and not told twice.
 */
import {
  awaitReboot,
  type BootMark,
  checkDeployed,
  deployHost,
  type Facts,
  gatherFacts,
  isHostError,
  issueReboot,
  oscmd,
  type RebootOptions,
  type Remote,
  type RemotePool,
  takePulse,
  type Target,
  upgradeHost,
} from '@commissaire/hosts'

/** One host, and what working on it takes. */
export interface WorkSite {
  readonly pool: RemotePool
  readonly target: Target
  /** A connection on which the host has just answered. */
  readonly connect: () => Promise<Remote>
  readonly signal: AbortSignal
  readonly reboot: RebootOptions
  /** The boot that a reboot was to end, where one was begun earlier. */
  readonly mark: BootMark | undefined
  /** Keeps the mark; the reboot is not begun before it resolves. */
  readonly keepMark: (mark: BootMark) => Promise<void>
}

/** Does the work; gives what is known about the host afterwards. */
export type HostWork = (site: WorkSite) => Promise<Facts>

/** Reboots, with the boot ids as proof. */
export const restart: HostWork = (site) => reboot(site)

/** Brings everything up to date. Where only the next boot runs what is new, that boot is part of it. */
export const upgradeOn: HostWork = async (site) => {
  if (site.mark) return reboot(site)
  await using remote = await site.connect()
  const facts = await gatherFacts(remote, site)
  const { rebootNeed } = await upgradeHost(remote, facts, site)
  const bootsImages = oscmd(facts).kind !== 'packages'
  return await (bootsImages && rebootNeed.answer === 'yes' ? reboot(site) : gatherFacts(remote, site))
}

/** Brings one version. Where only the next boot runs it, that boot is part of it, and so is that it did boot. */
export function deployOn(version: string): HostWork {
  return async (site) => {
    if (site.mark) await reboot(site)
    await using remote = await site.connect()
    const facts = await gatherFacts(remote, site)
    const { expected, rebootNeed } = await deployHost(remote, facts, { version, signal: site.signal })
    const after = rebootNeed.answer === 'yes' ? await reboot(site) : await gatherFacts(remote, site)
    if (expected) checkDeployed(after, expected)
    return after
  }
}

async function reboot(site: WorkSite): Promise<Facts> {
  const { pool, target, signal } = site
  const options = { ...site.reboot, signal, onMark: site.keepMark }
  const mark = (await markUnderWay(site)) ?? (await issueReboot(pool, target, options))
  const proof = await awaitReboot(pool, target, { ...options, mark })
  return proof.facts
}

/**
 * The mark of a reboot that was begun before a crash: the host is away, or in another boot. Where it is still in the
 * marked one the crash came before the host was told, and undefined is the answer, as where nothing was begun.
 */
async function markUnderWay({ mark, connect, signal }: WorkSite): Promise<BootMark | undefined> {
  try {
    await using remote = await connect()
    if (!mark) return undefined
    const { bootId } = await takePulse(remote, { signal })
    return bootId === mark.bootId ? undefined : mark
  } catch (error) {
    if (mark && isHostError(error) && error.code !== 'cancelled') return mark
    throw error
  }
}
