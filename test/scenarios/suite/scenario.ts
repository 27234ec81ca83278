/** What scenarios say and expect, in the words of the API. */
import assert from 'node:assert/strict'
import type { FakeHost, FakeHostOptions } from '@commissaire/hosts/testing'
import { until } from '@commissaire/testing'
import type { World } from '../worlds/world.ts'

/** One scenario; it shares its world with the others, and none of their hosts and clusters. */
export type Scenario = (world: World) => Promise<void>

/** A host as the API shows it. */
export interface ShownHost {
  readonly address: string
  readonly status: string
  readonly status_reason: string
  readonly os: string
  readonly cpus: number
}

/** An operation as the API shows it. */
export interface ShownOperation {
  readonly status: string
  readonly reason: string
  readonly in_process: readonly string[]
  readonly failures: Record<string, string>
  readonly upgraded?: readonly string[]
  readonly restarted?: readonly string[]
  readonly deployed?: readonly string[]
}

/** Asks, and holds the answer to its status. */
export async function expectStatus<T>(
  world: World,
  status: number,
  [method, path, body]: readonly [method: string, path: string, body?: unknown],
): Promise<T> {
  const answer = await world.api<T>(method, path, body)
  assert.equal(answer.status, status, `${method} ${path}: ${JSON.stringify(answer.body)}`)
  return answer.body
}

/** Registers a host. */
export async function register(world: World, { address }: FakeHost, cluster?: string): Promise<void> {
  await expectStatus(world, 201, ['PUT', `/host/${address}`, { ssh_priv_key: world.hosts.key, cluster }])
}

/** A cluster with hosts that are active. */
export async function clusterOf(
  world: World,
  name: string,
  { count, ...options }: FakeHostOptions & { count: number },
): Promise<FakeHost[]> {
  await expectStatus(world, 201, ['PUT', `/cluster/${name}`, {}])
  const hosts = await Promise.all(Array.from({ length: count }, () => world.hosts.add(options)))
  for (const host of hosts) await register(world, host, name)
  for (const host of hosts) await hasStatus(world, host, 'active')
  return hosts
}

/** Waits until a host is shown with that status. */
export async function hasStatus(world: World, host: FakeHost, status: string): Promise<ShownHost> {
  let seen: unknown
  const look = async (): Promise<ShownHost | undefined> => {
    const { body } = await world.api<ShownHost>('GET', `/host/${host.address}`)
    seen = [body.status, body.status_reason]
    return body.status === status ? body : undefined
  }
  return until(look, `${host.address} is ${status}`, { seen: () => seen })
}

/** Waits until an operation is over. */
export async function ended(world: World, path: string): Promise<ShownOperation> {
  let seen: unknown
  const look = async (): Promise<ShownOperation | undefined> => {
    const { body } = await world.api<ShownOperation>('GET', path)
    seen = body
    return body.status === 'in_process' ? undefined : body
  }
  return until(look, `${path} is over`, { seen: () => seen, timeout: 60_000 })
}

/** How often a host was told to reboot. */
export function reboots({ commands }: FakeHost): number {
  return commands.filter((command) => command.includes('systemctl reboot')).length
}

/** How often a host was told to upgrade. */
export function upgrades({ commands }: FakeHost): number {
  return commands.filter((command) => /apt-get .*upgrade/.test(command)).length
}

/** The addresses of hosts. */
export function addressesOf(hosts: readonly FakeHost[]): string[] {
  return hosts.map(({ address }) => address)
}
