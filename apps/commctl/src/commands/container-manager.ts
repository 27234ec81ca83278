/** `commctl container_manager …`: platforms that run containers on the hosts of a cluster. */
import { route } from '../client/route.ts'
import type { ArgumentRow, CommandRow } from '../cli/command.ts'
import { member } from '../client/json-value.ts'
import { readKeyValues } from '../cli/key-value.ts'
import { column, type View } from '../output/view.ts'
import { forEachName, listOf } from '../cli/for-each-name.ts'

const name: ArgumentRow = {
  name: 'NAME',
  text: 'name of the container manager',
  completes: 'container-managers',
}

/** A token is for the server, not for the person who looks over a shoulder. */
const serverOf = ({ options }: Readonly<Record<string, unknown>>) =>
  member(options, 'server_url') ?? member(options, 'kubeconfig')

const view: View = {
  key: 'name',
  columns: [column('name'), column('type'), { title: 'SERVER', cell: serverOf }],
}

const create: CommandRow = {
  name: 'create',
  summary: 'Makes a container manager known',
  arguments: [name],
  options: [
    {
      flags: '-t, --type <TYPE>',
      text: 'type of the container manager',
      suggests: ['openshift', 'kubernetes', 'trivial'],
    },
    { flags: '-o, --options <OPTIONS>', text: 'options as KEY=VALUE or JSON; may repeat', repeats: true },
  ],
  examples: [
    'commctl container_manager create -t kubernetes -o server_url=https://192.0.2.1:6443 -o token=abc production',
    `commctl container_manager create -o '{"server_url": "https://192.0.2.1:8443", "token": "abc"}' production`,
  ],
  view,
  ownShortO: true,
  run: async ({ api, parsed }) => {
    const body = { type: parsed.option('type'), options: readKeyValues(parsed.repeated('options')) }
    return (await api()).put(route`/containermanager/${parsed.one('NAME')}`, body)
  },
}

const get: CommandRow = {
  name: 'get',
  summary: 'Shows a container manager',
  arguments: [name],
  examples: ['commctl container_manager get production'],
  view,
  run: async ({ api, parsed }) => (await api()).get(route`/containermanager/${parsed.one('NAME')}`),
}

const list: CommandRow = {
  name: 'list',
  summary: 'Lists the names of all container managers; as a table with their types',
  examples: ['commctl container_manager list', 'commctl container_manager list -o table'],
  view,
  run: (session) =>
    listOf(session, route`/containermanagers`, (manager) => route`/containermanager/${manager}`),
}

const remove: CommandRow = {
  name: 'delete',
  summary: 'Forgets container managers',
  arguments: [{ ...name, many: true }],
  examples: ['commctl container_manager delete production'],
  run: async ({ api, parsed }) => {
    const server = await api()
    return forEachName(parsed.many('NAME'), (manager) => server.delete(route`/containermanager/${manager}`))
  },
}

/** The word `container_manager` and what may follow it. */
export const containerManager = {
  examples: ['commctl container_manager create -t trivial demo', 'commctl container_manager list -o table'],
  commands: [create, get, list, remove],
} satisfies Partial<CommandRow>
