/** `commctl network …`: networks that clusters use. */
import { route } from '../client/route.ts'
import type { ArgumentRow, CommandRow } from '../cli/command.ts'
import { readKeyValues } from '../cli/key-value.ts'
import { column, type View } from '../output/view.ts'
import { forEachName, listOf } from '../cli/for-each-name.ts'

const name: ArgumentRow = { name: 'NAME', text: 'name of the network', completes: 'networks' }
const view: View = { key: 'name', columns: [column('name'), column('type'), column('options')] }

const create: CommandRow = {
  name: 'create',
  summary: 'Makes a network',
  arguments: [name],
  options: [
    { flags: '-t, --type <TYPE>', text: 'type of the network', suggests: ['flannel_etcd', 'flannel_server'] },
    { flags: '-o, --options <OPTIONS>', text: 'options as JSON or KEY=VALUE; may repeat', repeats: true },
  ],
  examples: [
    'commctl network create overlay',
    `commctl network create -t flannel_server -o '{"address": "192.0.2.1:8472"}' overlay`,
  ],
  view,
  ownShortO: true,
  run: async ({ api, parsed }) => {
    const body = { type: parsed.option('type'), options: readKeyValues(parsed.repeated('options')) }
    return (await api()).put(route`/network/${parsed.one('NAME')}`, body)
  },
}

const get: CommandRow = {
  name: 'get',
  summary: 'Shows a network',
  arguments: [name],
  examples: ['commctl network get default'],
  view,
  run: async ({ api, parsed }) => (await api()).get(route`/network/${parsed.one('NAME')}`),
}

const list: CommandRow = {
  name: 'list',
  summary: 'Lists the names of all networks; as a table with their types',
  examples: ['commctl network list', 'commctl network list -o table'],
  view,
  run: (session) => listOf(session, route`/networks`, (network) => route`/network/${network}`),
}

const remove: CommandRow = {
  name: 'delete',
  summary: 'Deletes networks',
  arguments: [{ ...name, many: true }],
  examples: ['commctl network delete overlay'],
  run: async ({ api, parsed }) => {
    const server = await api()
    return forEachName(parsed.many('NAME'), (network) => server.delete(route`/network/${network}`))
  },
}

/** The word `network` and what may follow it. */
export const network = {
  examples: ['commctl network create overlay', 'commctl network list -o table'],
  commands: [create, get, list, remove],
} satisfies Partial<CommandRow>
