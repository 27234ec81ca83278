/** Schedules, which start operations at given times: `/schedules` and `/schedule/{name}`. */
import { BusError } from '@commissaire/bus'
import {
  Cluster,
  name,
  parseModel,
  safeModel,
  Schedule,
  Schedules,
  ValidationError,
} from '@commissaire/models'
import { isConflict } from '@commissaire/storage'
import { z } from 'zod'
import type { App, Backend } from '../../backend.ts'
import { nextRun, patternFaults } from './cron.ts'
import { found } from '../../http/errors.ts'
import { problems } from '../../http/problem.ts'
import { NamePath, Nothing, Policy, ScheduleWithNext } from '../views.ts'

const tags = ['schedules']

/** Strict, so that a mistyped limit does not become no limit. Members that are not given stay as they are. */
const Changes = z.strictObject({
  cluster: name.nullish().describe('The cluster; required for a new schedule, as are `kind` and `when`.'),
  kind: z.enum(['upgrade', 'restart', 'deploy', 'exec']).nullish(),
  when: z.string().min(1).nullish().describe('When the operation starts: a cron pattern of five fields.'),
  timezone: z.string().nullish().describe('The time zone of the pattern; default `UTC`.'),
  version: z.string().nullish().describe('The version of a deployment.'),
  command: z.string().nullish().describe('The command that `exec` runs on each host.'),
  policy: Policy.nullish(),
  enabled: z.boolean().nullish().describe('Whether the schedule is active; default true.'),
})

/** Adds the endpoints. */
export function schedules(app: App, backend: Backend): void {
  for (const add of [listSchedules, getSchedule, putSchedule, deleteSchedule]) add(app, backend)
}

function listSchedules(app: App, { storage }: Backend): void {
  app.route({
    method: 'GET',
    url: '/schedules',
    schema: {
      tags,
      summary: 'Lists all schedules',
      response: { 200: z.array(ScheduleWithNext), ...problems() },
    },
    handler: async () => (await storage.list(Schedules)).map(withNext),
  })
}

function getSchedule(app: App, { storage }: Backend): void {
  app.route({
    method: 'GET',
    url: '/schedule/:name',
    schema: {
      tags,
      summary: 'Returns a schedule with its next run',
      params: NamePath,
      response: { 200: ScheduleWithNext, ...problems(404) },
    },
    handler: async ({ params }) =>
      withNext(found(await storage.find(Schedule, params.name), `schedule "${params.name}"`)),
  })
}

function putSchedule(app: App, backend: Backend): void {
  app.route({
    method: 'PUT',
    url: '/schedule/:name',
    schema: {
      tags,
      summary: 'Creates a schedule, or changes the given members of an existing one',
      params: NamePath,
      body: Changes,
      response: { 201: ScheduleWithNext, ...problems(409) },
    },
    handler: async ({ params, body }, reply) => {
      const given = Object.entries(body).filter(([, value]) => value !== null && value !== undefined)
      const schedule = await change(backend, { ...Object.fromEntries(given), name: params.name })
      reply.code(201)
      return withNext(schedule)
    },
  })
}

function deleteSchedule(app: App, { storage }: Backend): void {
  app.route({
    method: 'DELETE',
    url: '/schedule/:name',
    schema: {
      tags,
      summary: 'Deletes a schedule; its running operations continue',
      params: NamePath,
      response: { 200: Nothing, ...problems(404) },
    },
    handler: async ({ params }) => {
      found(await storage.find(Schedule, params.name), `schedule "${params.name}"`)
      await storage.delete(Schedule, params.name)
      return [] as []
    },
  })
}

/** The scheduler writes to schedules as well, so a change is applied to the current version. */
async function change(backend: Backend, given: { name: string }): Promise<Schedule> {
  const { storage } = backend
  if (await storage.find(Schedule, given.name)) return update(backend, given)
  const schedule = await checked(backend, given)
  try {
    return await storage.save(Schedule, schedule, { revision: null })
  } catch (error) {
    if (isConflict(error)) return update(backend, given)
    throw error
  }
}

function update(backend: Backend, given: { name: string }): Promise<Schedule> {
  return backend.storage.update(Schedule, given.name, (present) => checked(backend, { ...present, ...given }))
}

async function checked({ storage }: Backend, data: object): Promise<Schedule> {
  const schedule = parseModel(Schedule, { policy: {}, ...data })
  const faults = faultsOf(schedule)
  if (faults.length > 0) throw new ValidationError('Schedule', faults)
  if (await storage.find(Cluster, schedule.cluster)) return schedule
  throw new BusError('Conflict', `There is no cluster "${schedule.cluster}". Make it first.`)
}

function faultsOf(schedule: Schedule): { path: string; message: string }[] {
  const { kind, version, command, policy } = schedule
  const needed = [
    ...(kind === 'deploy' && version === '' ? ['version'] : []),
    ...(kind === 'exec' && command === '' ? ['command'] : []),
  ]
  const missing = needed.map((path) => ({ path, message: `must not be empty: this is for ${kind}` }))
  return [...missing, ...patternFaults(schedule, policy)]
}

function withNext(schedule: Schedule): Record<string, unknown> {
  return { ...safeModel(Schedule, schedule), next_run: schedule.enabled ? nextOf(schedule) : '' }
}

/** A schedule that was stored directly may have an invalid pattern. */
function nextOf(schedule: Schedule): string {
  try {
    return nextRun(schedule)?.toISOString() ?? ''
  } catch {
    return ''
  }
}
