/**
 * The tree every host is laid over: a minimal Debian with systemd and sshd, built once by debootstrap and kept.
 *
 * It lies outside any checkout, so that later labs find it. The mirror is the one that apt on this machine uses.
 */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '../command.ts'
import { LabError } from '../errors.ts'
import { withLock } from '../lock.ts'
import { unmountBelow } from '../host/mounts.ts'

/** What a host has beyond the minimum: an init, a shell to reach it by, and what a probe asks. */
const packages = [
  'systemd',
  'systemd-sysv',
  'dbus',
  'openssh-server',
  'iproute2',
  'sudo',
  'procps',
  'psmisc',
  'ca-certificates',
  'curl',
]

export interface BaseTreeOptions {
  /** Where finished trees are kept. */
  readonly cache?: string
  /** Told now and then what the first build is doing. */
  readonly progress?: (line: string) => void
  readonly signal?: AbortSignal
}

/** Where base trees are kept unless said otherwise. */
export const defaultCache = '/var/cache/commissaire-lab'

/** The path of a finished base tree; builds it when there is none yet. Two callers build it once. */
export async function baseTree(options: BaseTreeOptions = {}): Promise<string> {
  const cache = options.cache ?? defaultCache
  const suite = machineSuite()
  const tree = join(cache, `${suite}-${shortHash(packages.join(','))}`)
  if (existsSync(tree)) return tree
  return withLock(join(cache, 'lock'), async () => {
    if (!existsSync(tree)) await build(tree, suite, options)
    return tree
  })
}

/** Builds beside the final place and renames, so that a tree is there whole or not at all. */
async function build(tree: string, suite: string, options: BaseTreeOptions): Promise<void> {
  const unfinished = `${tree}.unfinished`
  await remove(unfinished)
  await mkdir(unfinished, { recursive: true })
  const mirror = await machineMirror(suite)
  options.progress?.(`building the base tree ${tree} from ${mirror} (once, about a minute)`)
  const args = ['--variant=minbase', `--include=${packages.join(',')}`, suite, unfinished, mirror]
  await run('debootstrap', args, {
    onLine: everyFewSeconds(options.progress),
    ...(options.signal && { signal: options.signal }),
  })
  await run('chroot', [unfinished, 'apt-get', 'clean'])
  await rename(unfinished, tree)
}

/** The archive that apt on this machine takes the suite from. */
async function machineMirror(suite: string): Promise<string> {
  const format = '$(REPO_URI) $(RELEASE) $(COMPONENT)'
  const targets = await run('apt-get', ['indextargets', '--format', format, 'Created-By: Packages'])
  const found = targets.split('\n').map((line) => line.split(' '))
  const mirror = found.find(
    ([uri, release, part]) => uri?.startsWith('http') && release === suite && part === 'main',
  )
  if (mirror?.[0]) return mirror[0]
  throw new LabError(
    'no_mirror',
    `apt on this machine knows no archive for "${suite} main" (it knows: ${targets.trim() || 'none'}). Run apt-get update, or add one to /etc/apt/sources.list.`,
  )
}

function machineSuite(): string {
  const codename = /^VERSION_CODENAME=(.+)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1]
  if (codename) return codename
  throw new LabError(
    'not_possible_here',
    'The base tree is made of this machine’s own Debian or Ubuntu, and /etc/os-release names no VERSION_CODENAME.',
  )
}

/** Removes what an interrupted build left, including what it had mounted. */
async function remove(unfinished: string): Promise<void> {
  await unmountBelow(unfinished)
  await run('rm', ['-rf', '--one-file-system', unfinished])
}

function everyFewSeconds(progress: BaseTreeOptions['progress']): (line: string) => void {
  const began = performance.now()
  let next = began
  return (line) => {
    if (performance.now() < next) return
    next = performance.now() + 3000
    progress?.(`${Math.round((next - began) / 1000) - 3} s: ${line.replace(/^[IW]: /, '')}`)
  }
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8)
}
