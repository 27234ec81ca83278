/**
 * Decides everything about a lab before any of it exists: names, addresses, folders. Touches nothing.
 */
import { existsSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { cgroupsNamed } from './host/cgroup.ts'
import { LabError } from './errors.ts'
import { type HostRecord, labFolder, type LabState, machineBoot } from './state.ts'

/** What one host is to be. */
export interface HostWish {
  /** Default web1, web2 … */
  readonly name?: string
  /** One of `families`; default is the real Debian that the host is. */
  readonly family?: string
}

/** The first three numbers of a /24 network, from "10.77.0.0/24". */
export function networkOf(subnet: string): string {
  const match = /^(\d+\.\d+\.\d+)\.0\/24$/.exec(subnet)
  if (match?.[1]?.split('.').every((part) => Number(part) < 256)) return match[1]
  throw new LabError(
    'subnet_taken',
    `"${subnet}" is not a subnet the lab can use; write one such as 10.77.0.0/24.`,
  )
}

/** The first of 10.77.1 to 10.77.254 that nothing on this machine uses. */
export function freeNetwork(dir: string): string {
  for (let third = 1; third < 255; third++) {
    const network = `10.77.${third}`
    if (!networkInUse(network) && !existsSync(labFolder(dir, network))) return network
  }
  throw new LabError(
    'subnet_taken',
    'All of 10.77.1.0/24 to 10.77.254.0/24 are in use. Run: npm run lab -- down --all',
  )
}

/** Whether this machine already has an address or a bridge there. */
export function networkInUse(network: string): boolean {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
  const taken = addresses.some(({ address }) => address.startsWith(`${network}.`))
  return taken || existsSync(`/sys/class/net/${bridgeOf(network)}`)
}

/** The whole record of a lab that is not there yet. */
export function plan(options: {
  dir: string
  network: string
  base: string
  wishes: readonly HostWish[]
}): LabState {
  const { dir, network, base, wishes } = options
  if (wishes.length < 1 || wishes.length > 200)
    throw new LabError('no_such_host', `A lab has 1 to 200 hosts, not ${wishes.length}.`)
  const folder = labFolder(dir, network)
  const hosts = wishes.map((wish, index) => planHost(wish, { index, network, folder }))
  if (new Set(hosts.map(({ name }) => name)).size < hosts.length)
    throw new LabError('no_such_host', 'Two hosts of a lab cannot have the same name.')
  const mounts = [join(folder, 'template'), join(folder, 'template', 'root')]
  for (const host of hosts) mounts.push(join(host.folder, 'disk'), join(host.folder, 'root'))
  return { folder, base, network, bridge: bridgeOf(network), mounts, hosts, machineBoot: machineBoot() }
}

function planHost(wish: HostWish, place: { index: number; network: string; folder: string }): HostRecord {
  const { index, network, folder } = place
  const name = wish.name ?? `web${index + 1}`
  const cable = `${bridgeOf(network)}-${index + 1}`
  const address = `${network}.${index + 11}`
  const cgroups = cgroupsNamed(cable)
  const host = { name, address, namespace: cable, link: cable, cgroups, folder: join(folder, 'hosts', name) }
  return wish.family ? { ...host, family: wish.family } : host
}

/** Interface names hold 15 characters: "lab-77-254-200" fits. */
function bridgeOf(network: string): string {
  return `lab-${network.split('.').slice(1).join('-')}`
}
