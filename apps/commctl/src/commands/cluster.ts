/** `commctl cluster …`: clusters of hosts, and rolling operations on them. */
import { route } from '../client/route.ts'
import type { ArgumentRow, CommandRow } from '../cli/command.ts'
import { member } from '../client/json-value.ts'
import { column, type View } from '../output/view.ts'
import { forEachName, listOf } from '../cli/for-each-name.ts'
import { drain, exec } from './cluster-hosts.ts'
import { deploy, restart, upgrade } from './cluster-operation.ts'

const name: ArgumentRow = { name: 'NAME', text: 'name of the cluster', completes: 'clusters' }

const count = (kind: string) => (cluster: Readonly<Record<string, unknown>>) => member(cluster.hosts, kind)

const view: View = {
  key: 'name',
  columns: [
    column('name'),
    column('status'),
    { title: 'HOSTS', cell: count('total'), right: true },
    { title: 'AVAILABLE', cell: count('available'), right: true },
    { title: 'TO REBOOT', cell: ({ reboot_needed }) => member(reboot_needed, 'yes'), right: true },
    column('network'),
    column('container_manager'),
  ],
}

const create: CommandRow = {
  name: 'create',
  summary: 'Makes a cluster, or changes the one of that name',
  arguments: [name],
  options: [
    {
      flags: '-t, --type <TYPE>',
      text: 'type of the cluster; of no effect, as its container manager says it',
    },
    {
      flags: '-n, --network <NETWORK>',
      text: 'network its hosts use (default: default)',
      completes: 'networks',
    },
    {
      flags: '-c, --container-manager <CONTAINER_MANAGER>',
      text: 'container manager its hosts are registered with',
      completes: 'container-managers',
    },
    {
      flags: '-b, --bootstrap <PROFILE>',
      text: 'what its hosts are prepared for (default: as its container manager needs it)',
      suggests: ['none', 'docker', 'containerd'],
    },
  ],
  examples: ['commctl cluster create web', 'commctl cluster create -c production -n overlay web'],
  view,
  run: async ({ api, parsed }) => {
    const body = {
      type: parsed.option('type'),
      network: parsed.option('network'),
      container_manager: parsed.option('containerManager'),
      bootstrap: parsed.option('bootstrap'),
    }
    return (await api()).put(route`/cluster/${parsed.one('NAME')}`, body)
  },
}

const get: CommandRow = {
  name: 'get',
  summary: 'Shows a cluster, its status and how many hosts it has',
  arguments: [name],
  examples: ['commctl cluster get web', 'commctl cluster get web -o json'],
  view,
  run: async ({ api, parsed }) => (await api()).get(route`/cluster/${parsed.one('NAME')}`),
}

const list: CommandRow = {
  name: 'list',
  summary: 'Lists the names of all clusters; as a table with their status',
  examples: ['commctl cluster list', 'commctl cluster list -o table'],
  view,
  run: (session) => listOf(session, route`/clusters`, (cluster) => route`/cluster/${cluster}`),
}

const remove: CommandRow = {
  name: 'delete',
  summary: 'Deletes clusters; their hosts stay, without a cluster',
  arguments: [{ ...name, many: true }],
  examples: ['commctl cluster delete web', 'commctl cluster delete web old-web'],
  run: async ({ api, parsed }) => {
    const server = await api()
    return forEachName(parsed.many('NAME'), (cluster) => server.delete(route`/cluster/${cluster}`))
  },
}

/** The word `cluster` and what may follow it. */
export const cluster = {
  examples: ['commctl cluster create web', 'commctl cluster upgrade start web --watch'],
  commands: [create, get, list, remove, deploy, restart, upgrade, exec, drain],
} satisfies Partial<CommandRow>
