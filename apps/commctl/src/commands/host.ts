/** `commctl host …`: hosts. */
import { addressOf } from '../client/address.ts'
import { route } from '../client/route.ts'
import type { Answer, Api } from '../client/api.ts'
import type { ArgumentRow, CommandRow, Session } from '../cli/command.ts'
import { Failure } from '../cli/failure.ts'
import { member } from '../client/json-value.ts'
import { ago, kilobytes } from '../output/quantities.ts'
import { column, type View } from '../output/view.ts'
import { forEachName, listOf } from '../cli/for-each-name.ts'

const address: ArgumentRow = { name: 'ADDRESS', text: 'name or address of the host', completes: 'hosts' }
const cluster: ArgumentRow = { name: 'CLUSTER', text: 'name of the cluster', completes: 'clusters' }

const view: View = {
  key: 'address',
  columns: [
    column('address'),
    column('status'),
    column('os'),
    { ...column('cpus'), right: true },
    { title: 'MEMORY', cell: (host) => kilobytes(host.memory), right: true },
    { title: 'SPACE', cell: (host) => kilobytes(host.space), right: true },
    { title: 'LAST CHECK', cell: (host) => ago(host.last_check) },
    { title: 'REBOOT', cell: ({ reboot }) => rebootWord(member(reboot, 'needed')) },
    column('status_reason', 'REASON'),
  ],
}

const statusView: View = {
  key: 'type',
  columns: [
    column('type'),
    { title: 'STATUS', cell: ({ host }) => member(host, 'status') },
    {
      title: 'LAST CHECK',
      cell: ({ host }) => ago(member(host, 'last_check')),
    },
    column('container_manager'),
  ],
}

/** How a table says whether a host needs a reboot. */
function rebootWord(needed: unknown): unknown {
  return needed === 'not_applicable' ? 'n/a' : needed
}

const planView: View = {
  key: 'name',
  columns: [
    column('name', 'STEP'),
    { title: 'STATE', cell: ({ state }) => (typeof state === 'string' ? state.replaceAll('_', ' ') : state) },
    column('action'),
    column('reason'),
  ],
}

const create: CommandRow = {
  name: 'create',
  summary: 'Registers a host, which is then investigated and prepared',
  arguments: [
    { ...address, text: 'name or address of the host; a name is resolved to its address' },
    {
      name: 'KEYFILE',
      text: 'private SSH key that the host lets in; - reads standard input',
      completes: 'files',
    },
  ],
  options: [
    { flags: '-c, --cluster <CLUSTER>', text: 'make it a member of this cluster', completes: 'clusters' },
    { flags: '-r, --remote-user <USER>', text: 'who to log in as (default: root)' },
  ],
  examples: [
    'commctl host create 192.0.2.10 ~/.ssh/id_ed25519',
    'commctl host create -c web -r admin web1.example.com - < key',
  ],
  view,
  run: async ({ api, parsed }) => {
    const { readKeyFile } = await import('../ssh/key-file.ts')
    const host = await addressOf(parsed.one('ADDRESS'))
    const body = {
      ssh_priv_key: await readKeyFile(parsed.one('KEYFILE')),
      cluster: parsed.option('cluster'),
      remote_user: parsed.option('remoteUser'),
    }
    return (await api()).put(route`/host/${host}`, body)
  },
}

const get: CommandRow = {
  name: 'get',
  summary: 'Shows a host',
  arguments: [address],
  examples: ['commctl host get 192.0.2.10', 'commctl host get web1.example.com -o json'],
  view,
  run: async ({ api, parsed }) => {
    const host = await addressOf(parsed.one('ADDRESS'))
    return (await api()).get(route`/host/${host}`)
  },
}

/** The options that filter hosts, and the parameters of the request. */
const filters = {
  status: 'status',
  os: 'os',
  reboot: 'reboot',
  search: 'q',
  limit: 'limit',
  fields: 'fields',
} as const

const list: CommandRow = {
  name: 'list',
  summary: 'Lists all hosts, those that match, or the addresses of those in a cluster',
  description:
    'Without options it lists all hosts, and with CLUSTER the addresses of the hosts in that cluster. With options it lists the ' +
    'hosts that match all of them, without their facts, and reads as many pages from the server as there are.',
  arguments: [{ ...cluster, optional: true }],
  options: [
    {
      flags: '-s, --status <STATUS>',
      text: 'only those with this status; unknown for those without one',
      suggests: ['active', 'disassociated', 'failed', 'investigating', 'bootstrapping', 'unknown'],
    },
    { flags: '--os <OS>', text: 'only those with this operating system, such as debian' },
    {
      flags: '--reboot <ANSWER>',
      text: 'only those that need a reboot (yes), need none (no), …',
      suggests: ['yes', 'no', 'unknown', 'not_applicable'],
    },
    { flags: '-q, --search <TEXT>', text: 'only those whose address, system or status reason contains this' },
    { flags: '--limit <N>', text: 'at most so many' },
    { flags: '--fields <NAMES>', text: 'only these attributes, separated by commas' },
  ],
  examples: [
    'commctl host list',
    'commctl host list web',
    'commctl host list --status failed -o table',
    'commctl host list web --reboot yes --fields address,reboot',
  ],
  view,
  run: async (session) => {
    const query = filterOf(session)
    if (query.size > 0) return pagesOf(await session.api(), query)
    const name = session.parsed.optional('CLUSTER')
    const path = name === undefined ? route`/hosts` : route`/cluster/${name}/hosts`
    return listOf(session, path, (host) => route`/host/${host}`)
  },
}

function filterOf({ parsed }: Session): URLSearchParams {
  const query = new URLSearchParams()
  for (const [option, parameter] of Object.entries(filters)) {
    const value = parsed.option(option)
    if (value !== undefined) query.set(parameter, value)
  }
  const name = parsed.optional('CLUSTER')
  if (query.size > 0 && name !== undefined) query.set('cluster', name)
  return query
}

/** Reads pages until there is none, or until there are as many hosts as are wanted. */
async function pagesOf(api: Api, query: URLSearchParams): Promise<Answer> {
  const wanted = query.has('limit') ? Number(query.get('limit')) : Infinity
  if (!(Number.isInteger(wanted) || wanted === Infinity) || wanted < 1)
    throw new Failure(`--limit is "${query.get('limit')}"; it must be a whole number of at least 1.`)
  query.set('limit', `${Math.min(wanted, PAGE)}`)
  const hosts: unknown[] = []
  let path: string | undefined = `${route`/hosts`}?${query.toString()}`
  while (path !== undefined && hosts.length < wanted) {
    const answer: Answer = await api.get(path)
    if (!answer.found) return answer
    hosts.push(...(Array.isArray(answer.value) ? answer.value : []))
    path = answer.next
  }
  return { found: true, value: hosts.slice(0, wanted) }
}

/** Hosts of one page. */
const PAGE = 500

const status: CommandRow = {
  name: 'status',
  summary: 'Shows how a host is, for us and for its container manager',
  arguments: [address],
  examples: ['commctl host status 192.0.2.10'],
  view: statusView,
  run: async ({ api, parsed }) => {
    const host = await addressOf(parsed.one('ADDRESS'))
    return (await api()).get(route`/host/${host}/status`)
  },
}

const plan: CommandRow = {
  name: 'plan',
  summary: 'Shows what preparing a host would do, and touches nothing',
  description:
    'Shows each step that an investigation takes to prepare the host: done, would do, not for this host (and why), or ' +
    'blocked, which needs a person. Nothing is changed on the host, nor in what is stored of it.',
  arguments: [address],
  examples: ['commctl host plan 192.0.2.10', 'commctl host plan 192.0.2.10 -o table'],
  view: planView,
  run: async ({ api, parsed, format }) => {
    const host = await addressOf(parsed.one('ADDRESS'))
    const answer = await (await api()).get(route`/host/${host}/plan`)
    const isListed = format === 'table' || format === 'name'
    return answer.found && isListed ? { ...answer, value: member(answer.value, 'steps') } : answer
  },
}

const remove: CommandRow = {
  name: 'delete',
  summary: 'Forgets hosts and their credentials, and takes them out of their clusters',
  arguments: [{ ...address, many: true }],
  examples: ['commctl host delete 192.0.2.10', 'commctl host delete 192.0.2.10 192.0.2.11'],
  run: async ({ api, parsed }) => {
    const server = await api()
    return forEachName(parsed.many('ADDRESS'), async (host) =>
      server.delete(route`/host/${await addressOf(host)}`),
    )
  },
}

const join: CommandRow = {
  name: 'join',
  summary: 'Makes a host a member of a cluster',
  arguments: [address, cluster],
  examples: ['commctl host join 192.0.2.10 web'],
  run: async ({ api, parsed }) => {
    const host = await addressOf(parsed.one('ADDRESS'))
    return (await api()).put(route`/cluster/${parsed.one('CLUSTER')}/hosts/${host}`)
  },
}

const unjoin: CommandRow = {
  name: 'unjoin',
  summary: 'Takes a host out of a cluster',
  arguments: [address, cluster],
  examples: ['commctl host unjoin 192.0.2.10 web'],
  run: async ({ api, parsed }) => {
    const host = await addressOf(parsed.one('ADDRESS'))
    return (await api()).delete(route`/cluster/${parsed.one('CLUSTER')}/hosts/${host}`)
  },
}

const ssh: CommandRow = {
  name: 'ssh',
  summary: 'Logs in to a host with the key that the server has for it',
  description:
    'Logs in to a host with the key that the server has for it. The key lies in a private temporary file for as long ' +
    'as ssh runs. Where the server has pinned the key of the host, no other is accepted. Ends with the status of ssh.',
  arguments: [
    address,
    {
      name: 'SSH_ARGUMENTS',
      text: 'options for ssh, and a command for the host',
      optional: true,
      many: true,
    },
  ],
  examples: ['commctl host ssh 192.0.2.10', 'commctl host ssh 192.0.2.10 -v uptime'],
  passesThrough: true,
  run: async (session) => (await import('../ssh/ssh.ts')).logIn(session),
}

/** The word `host` and what may follow it. */
export const host = {
  examples: ['commctl host create 192.0.2.10 ~/.ssh/id_ed25519', 'commctl host list -o table'],
  commands: [create, get, list, status, plan, remove, join, unjoin, ssh],
} satisfies Partial<CommandRow>
