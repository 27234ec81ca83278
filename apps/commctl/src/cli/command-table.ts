/**
 * The commands of `commctl`, and the file of each. A file is loaded only when its command is used, so that the number of
 * commands does not slow down the start.
 */
import type { CommandRow } from './command.ts'

/** A row whose inside is read when it is needed. */
export interface LazyRow extends Pick<CommandRow, 'name' | 'aliases' | 'summary'> {
  readonly load: () => Promise<Omit<CommandRow, 'name' | 'aliases' | 'summary'>>
}

/** The first level of commands, in the order of the help. */
export const table: readonly LazyRow[] = [
  {
    name: 'cluster',
    summary: 'Groups of hosts, and what is done to all of them in turn',
    load: async () => (await import('../commands/cluster.ts')).cluster,
  },
  {
    name: 'operation',
    summary: 'Rolling operations: how they go, and what is asked of them',
    load: async () => (await import('../commands/operation.ts')).operation,
  },
  {
    name: 'schedule',
    summary: 'Operations that begin by themselves, again and again',
    load: async () => (await import('../commands/schedule.ts')).schedule,
  },
  {
    name: 'host',
    summary: 'The machines themselves',
    load: async () => (await import('../commands/host.ts')).host,
  },
  {
    name: 'network',
    summary: 'Networks that clusters use',
    load: async () => (await import('../commands/network.ts')).network,
  },
  {
    name: 'container_manager',
    aliases: ['container-manager', 'containermanager'],
    summary: 'Platforms that run containers on the hosts of a cluster',
    load: async () => (await import('../commands/container-manager.ts')).containerManager,
  },
  {
    name: 'bus',
    summary: 'The message bus: who is there, calls by hand, and messages that were set aside',
    load: async () => (await import('../commands/bus.ts')).bus,
  },
  {
    name: 'passhash',
    summary: "Turns a password into the hash that the server's list of users wants",
    load: async () => (await import('../commands/passhash.ts')).passhash,
  },
  {
    name: 'token',
    summary: 'Makes a token by which a program may use the server',
    load: async () => (await import('../commands/token.ts')).token,
  },
  {
    name: 'user-data',
    summary: 'Writes a file for cloud-init by which a new host registers itself',
    load: async () => (await import('../commands/user-data.ts')).userData,
  },
  {
    name: 'completion',
    summary: 'Prints the script by which a shell completes commctl',
    load: async () => (await import('../commands/completion.ts')).completion,
  },
]

/** The whole table with everything loaded, for completion and the manual. */
export async function loadTable(): Promise<CommandRow[]> {
  return Promise.all(table.map(loadRow))
}

/** One row, loaded. */
export async function loadRow({ load, ...row }: LazyRow): Promise<CommandRow> {
  return { ...row, ...(await load()) }
}
