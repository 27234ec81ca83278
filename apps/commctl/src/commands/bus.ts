/** `commctl bus …`: the message bus between the server and its services. */
import type { Answer } from '../client/api.ts'
import type { ArgumentRow, CommandRow, Session } from '../cli/command.ts'
import { Failure, status } from '../cli/failure.ts'
import { member, textOf } from '../client/json-value.ts'
import { column, type View } from '../output/view.ts'
import { route } from '../client/route.ts'
import { forEachName } from '../cli/for-each-name.ts'

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

const names = (value: unknown) =>
  list(value)
    .map((each) => textOf(member(each, 'name')))
    .join(', ')

const servicesView: View = {
  key: 'service',
  columns: [
    column('service'),
    column('version'),
    { title: 'PROCESSES', cell: ({ processes }) => list(processes).length, right: true },
    { title: 'QUEUES', cell: ({ queues }) => names(queues) },
    { title: 'METHODS', cell: ({ methods }) => names(methods) },
  ],
}

const services: CommandRow = {
  name: 'services',
  summary: 'Lists the services that answer, their processes and methods; with a name, all about that one',
  description:
    'Lists the services that answer within a second, with how many processes run each, their queues and methods. ' +
    'With the name of a service, or of one of its queues: all that it says of itself, arguments included',
  arguments: [{ name: 'SERVICE', text: 'name of a service or of one of its queues', optional: true }],
  examples: ['commctl bus services', 'commctl bus services storage', 'commctl bus services -o table'],
  view: servicesView,
  run: async (session) => {
    const answer = await (await session.api()).get(route`/bus/services`)
    const name = session.parsed.optional('SERVICE')
    if (!answer.found) return answer
    if (name !== undefined) return one(list(answer.value), name)
    return { found: true, value: session.format === 'text' ? list(answer.value).map(brief) : answer.value }
  },
}

function one(all: readonly unknown[], name: string): Answer {
  const fits = (service: unknown) =>
    member(service, 'service') === name ||
    list(member(service, 'queues')).some((queue) => member(queue, 'name') === name)
  const fitting = all.filter(fits)
  return fitting.length === 0 ? { found: false } : { found: true, value: fitting }
}

/** What fits on a screen. */
function brief(service: unknown): object {
  return {
    service: member(service, 'service'),
    version: member(service, 'version'),
    processes: list(member(service, 'processes')).length,
    queues: list(member(service, 'queues')).map((queue) => member(queue, 'name')),
    methods: list(member(service, 'methods')).map(signature),
  }
}

/** `add(x, y, [round])`. */
function signature(method: unknown): string {
  const words = list(member(method, 'arguments')).map((argument) => {
    const word = textOf(member(argument, 'name')) ?? '?'
    return member(argument, 'required') === true ? word : `[${word}]`
  })
  return `${textOf(member(method, 'name'))}(${words.join(', ')})`
}

const call: CommandRow = {
  name: 'call',
  summary: 'Calls a method of a service, where the configuration of the server allows it',
  description:
    'Calls a method of a service and prints what it returns. The last word of the routing key is the method. ' +
    'Arguments are JSON, or else texts; --params gives them by name. The server has to allow it ("bus-calls": true), ' +
    'logs who called what, and refuses calls that have to do with secrets',
  arguments: [
    { name: 'ROUTING_KEY', text: 'where to, like storage.list; its last word is the method' },
    { name: 'ARGUMENTS', text: 'arguments in order, each as JSON or as a text', optional: true, many: true },
  ],
  options: [
    { flags: '-p, --params <JSON>', text: 'arguments as a JSON object, by name, or as an array' },
    { flags: '--wait <SECONDS>', text: 'how long the service may take (default: 10)' },
  ],
  examples: [
    'commctl bus call storage.list Clusters',
    'commctl bus call simple.add 1 2',
    `commctl bus call simple.add --params '{"x": 1, "y": 2}'`,
  ],
  run: async (session) => {
    const body = {
      routing_key: session.parsed.one('ROUTING_KEY'),
      params: paramsOf(session),
      ...wait(session),
    }
    const answer = await (await session.api()).post(route`/bus/call`, body)
    return answer.found ? resultOf(answer.value) : answer
  },
}

function wait({ parsed }: Session): { timeout?: number } {
  const text = parsed.option('wait')
  if (text === undefined) return {}
  const seconds = Number(text)
  if (seconds > 0) return { timeout: seconds }
  throw new Failure(`--wait is "${text}"; it must be a number of seconds, like 30.`)
}

function paramsOf({ parsed }: Session): unknown {
  const byName = parsed.option('params')
  const inOrder = parsed.many('ARGUMENTS')
  if (byName === undefined) return inOrder.map((text) => jsonIn(text) ?? text)
  if (inOrder.length > 0) throw new Failure('Give the arguments in order or with --params, not both.')
  const params = jsonIn(byName)
  if (typeof params === 'object' && params !== null) return params
  throw new Failure(`--params is no JSON object or array; write it like '{"x": 1}' or '[1, 2]'.`)
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function resultOf(answer: unknown): Answer {
  const error = member(answer, 'error')
  if (error === undefined) return { found: true, value: member(answer, 'result') }
  const [name, code, message] = ['name', 'code', 'message'].map((key) => String(member(error, key)))
  throw new Failure(`${message} (${name}, ${code})`, { code: status.failed })
}

const queue: ArgumentRow = { name: 'QUEUE', text: 'name of the queue, like storage' }
const ids: ArgumentRow = { name: 'ID', text: 'id of the message', many: true }

const deadView: View = {
  key: 'id',
  columns: [
    column('id'),
    column('routing_key'),
    column('dead_at'),
    { ...column('attempts'), right: true },
    column('reason'),
  ],
}

const deadList: CommandRow = {
  name: 'list',
  summary: 'Lists the messages of a queue that were set aside, the latest first',
  arguments: [queue],
  examples: ['commctl bus dead list storage', 'commctl bus dead list storage -o table'],
  view: deadView,
  run: async ({ api, parsed }) => (await api()).get(route`/bus/dead/${parsed.one('QUEUE')}`),
}

const deadShow: CommandRow = {
  name: 'show',
  summary: 'Shows a message that was set aside, whole but for secrets',
  arguments: [queue, { ...ids, many: false }],
  examples: ['commctl bus dead show storage 3f0c6f2e-9d6b-4c43-9d8e-0d8b0a7d6a51'],
  view: deadView,
  run: async ({ api, parsed }) =>
    (await api()).get(route`/bus/dead/${parsed.one('QUEUE')}/${parsed.one('ID')}`),
}

const deadRetry: CommandRow = {
  name: 'retry',
  summary: 'Puts messages that were set aside back on their queue',
  arguments: [queue, ids],
  examples: ['commctl bus dead retry storage 3f0c6f2e-9d6b-4c43-9d8e-0d8b0a7d6a51'],
  run: async ({ api, parsed }) => {
    const server = await api()
    const name = parsed.one('QUEUE')
    return forEachName(parsed.many('ID'), (id) => server.post(route`/bus/dead/${name}/${id}/retry`))
  },
}

const deadDrop: CommandRow = {
  name: 'drop',
  summary: 'Forgets messages that were set aside, for good',
  arguments: [queue, ids],
  examples: ['commctl bus dead drop storage 3f0c6f2e-9d6b-4c43-9d8e-0d8b0a7d6a51'],
  run: async ({ api, parsed }) => {
    const server = await api()
    const name = parsed.one('QUEUE')
    return forEachName(parsed.many('ID'), (id) => server.delete(route`/bus/dead/${name}/${id}`))
  },
}

const dead: CommandRow = {
  name: 'dead',
  summary: 'Messages that ended too many processes, or that nobody could read',
  examples: ['commctl bus dead list storage'],
  commands: [deadList, deadShow, deadRetry, deadDrop],
}

/** The word `bus` and what may follow it. */
export const bus = {
  examples: ['commctl bus services -o table', 'commctl bus dead list storage'],
  commands: [services, call, dead],
} satisfies Partial<CommandRow>
