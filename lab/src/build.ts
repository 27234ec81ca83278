/**
 * Builds what a record says: bridge, template, repository and hosts; each host then boots by itself.
 */
import { randomBytes } from 'node:crypto'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeCgroups } from './host/cgroup.ts'
import { becomeFamily } from './family.ts'
import { mountDisk, mountOver } from './host/mounts.ts'
import { buildBridge, plugIn } from './host/network.ts'
import { publish } from './image/repository.ts'
import { startRunner } from './host/runner.ts'
import { hostKeyPath, knownHostsFile, makeKey, privateKeyFile } from './ssh-key.ts'
import type { HostRecord, LabState } from './state.ts'
import { buildTemplate, putFiles } from './image/template.ts'

export interface BuildOptions {
  /** How much a host can write before its disk is full, as mount writes it: "256m". */
  readonly diskSize: string
}

/** Builds a planned and recorded lab and switches its hosts on. */
export async function build(state: LabState, options: BuildOptions): Promise<void> {
  const [publicKey, packageFile] = await Promise.all([
    makeKey(privateKeyFile(state.folder), 'commissaire-lab'),
    publish(join(state.folder, 'repository'), { version: '1' }),
    buildBridge(state),
  ])
  const trees = await buildTemplate(state, { publicKey, packageFile })
  const keys = await Promise.all(state.hosts.map((host) => buildHost(host, { trees, state, ...options })))
  await writeFile(knownHostsFile(state.folder), keys.join(''))
}

/** Builds one host, switches it on and returns its line of `known_hosts`. */
async function buildHost(
  host: HostRecord,
  options: BuildOptions & { trees: readonly string[]; state: LabState },
): Promise<string> {
  const root = join(host.folder, 'root')
  await mountDisk(join(host.folder, 'disk'), options.diskSize)
  await mountOver(root, options.trees, join(host.folder, 'disk'))
  await makeShared(host)
  await putFiles(root, identity(host))
  if (host.family) await becomeFamily(root, host.family)
  const hostKey = await makeKey(join(root, hostKeyPath), host.name)
  await plugIn(host, options.state.bridge)
  await makeCgroups(host.cgroups)
  await startRunner(host, options.state)
  return `${host.address} ${hostKey}`
}

/** Everybody on the host may write there, for stand-ins note their calls whoever makes them. */
async function makeShared(host: HostRecord): Promise<void> {
  const shared = join(host.folder, 'shared')
  await mkdir(join(shared, 'answers'), { recursive: true })
  await writeFile(join(shared, 'calls'), '', { mode: 0o666 })
  await chmod(join(shared, 'calls'), 0o666)
}

function identity(host: HostRecord): Record<string, string> {
  return {
    '/etc/hostname': `${host.name}\n`,
    '/etc/hosts': `127.0.0.1 localhost\n${host.address} ${host.name}\n`,
    '/etc/machine-id': `${randomBytes(16).toString('hex')}\n`,
  }
}
