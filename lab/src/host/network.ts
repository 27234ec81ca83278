/**
 * The network of a lab: one bridge, and for each host a namespace with one cable to it.
 *
 * Hosts get no route but their own subnet, so they reach each other and this machine and nothing else.
 */
import { existsSync } from 'node:fs'
import { result, run } from '../command.ts'
import { LabError } from '../errors.ts'
import type { HostRecord, LabState } from '../state.ts'

/** Makes the bridge and gives this machine the address .1 on it. */
export async function buildBridge(state: LabState): Promise<void> {
  await run('ip', ['link', 'add', state.bridge, 'type', 'bridge'])
  await run('ip', ['address', 'add', `${state.network}.1/24`, 'dev', state.bridge])
  await run('ip', ['link', 'set', state.bridge, 'up'])
}

/** Makes the namespace of a host and plugs it into the bridge. */
export async function plugIn(host: HostRecord, bridge: string): Promise<void> {
  const { namespace, link, address } = host
  await run('ip', ['netns', 'add', namespace])
  await run('ip', ['link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace])
  await run('ip', ['link', 'set', link, 'master', bridge, 'up'])
  await run('ip', ['-n', namespace, 'address', 'add', `${address}/24`, 'dev', 'eth0'])
  await run('ip', ['-n', namespace, 'link', 'set', 'eth0', 'up'])
  await run('ip', ['-n', namespace, 'link', 'set', 'lo', 'up'])
}

/** Takes the cable and the namespace of a host away, as far as they are there. */
export async function unplug(host: HostRecord): Promise<void> {
  await removeLink(host.link)
  if (existsSync(`/run/netns/${host.namespace}`)) await run('ip', ['netns', 'delete', host.namespace])
}

/** Takes an interface away if it is there. */
export async function removeLink(link: string): Promise<void> {
  if (!existsSync(`/sys/class/net/${link}`)) return
  const { code, stderr } = await result('ip', ['link', 'delete', link])
  if (code !== 0 && existsSync(`/sys/class/net/${link}`))
    throw new LabError('command_failed', `Could not remove the interface ${link}: ${stderr.trim()}`)
}
