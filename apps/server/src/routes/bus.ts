/**
 * Access to the bus for admins: the services, calls of any method, and dead letters.
 *
 * A call bypasses the checks of all other endpoints. It must be allowed in the configuration, is logged with the user,
 * and is refused when it concerns a secret model.
 */
import { BusError, type DeadMessage, type Logger } from '@commissaire/bus'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { App, Backend } from '../backend.ts'
import { ServiceOnBus, servicesIn } from './bus-description.ts'
import { secretModelIn, withoutSecrets } from './bus-secrets.ts'
import { found } from '../http/errors.ts'
import { requireJson } from '../http/json-body.ts'
import { problems } from '../http/problem.ts'
import { Nothing } from './views.ts'

const tags = ['bus']

const Call = z.object({
  routing_key: z
    .string()
    .max(255)
    .regex(/^[\w-]+(\.[\w-]+)+$/, { error: 'must be words separated by dots; the last is the method' })
    .describe('The routing key; its last word is the method.'),
  params: z
    .union([z.array(z.unknown()), z.record(z.string(), z.unknown())])
    .nullish()
    .describe('The arguments, in order or by name.'),
  timeout: z
    .number()
    .positive()
    .max(300)
    .nullish()
    .describe('How many seconds to wait for the reply; default 10.'),
})

const CallResponse = z.object({
  result: z.unknown().describe('What the method returned.'),
  error: z
    .object({ name: z.string(), code: z.int(), message: z.string(), data: z.record(z.string(), z.unknown()) })
    .optional()
    .describe('The error that the method threw, or why it was not reached.'),
})

const QueuePath = z.object({
  queue: z
    .string()
    .max(200)
    .regex(/^[\w.:-]+$/),
})
const DeadPath = QueuePath.extend({ id: z.string().min(1).max(200) })

const DeadInList = z.object({
  id: z.string(),
  queue: z.string(),
  routing_key: z.string(),
  reason: z.string(),
  dead_at: z.string(),
  attempts: z.int(),
})
const Dead = DeadInList.extend({ body: z.string().describe('The body as it was sent, without secrets.') })

/** How many dead letters are listed or searched. */
const MAX_LISTED = 1000

/** The options of these endpoints. */
export interface BusRoutesOptions extends Backend {
  readonly busCalls?: boolean
}

/** Adds the endpoints. */
export function busRoutes(app: App, backend: BusRoutesOptions): void {
  for (const add of [
    listServices,
    callMethod,
    listDeadLetters,
    getDeadLetter,
    dropDeadLetter,
    retryDeadLetter,
  ])
    add(app, backend)
}

function listServices(app: App, { bus }: BusRoutesOptions): void {
  app.route({
    method: 'GET',
    url: '/bus/services',
    schema: {
      tags,
      summary: 'Lists the services on the bus with their methods and processes; takes a second',
      response: { 200: z.array(ServiceOnBus), ...problems() },
    },
    handler: async () => servicesIn(await bus.rollCall()),
  })
}

function callMethod(app: App, { bus, log, busCalls = false }: BusRoutesOptions): void {
  app.route({
    method: 'POST',
    url: '/bus/call',
    preValidation: requireJson,
    schema: {
      tags,
      summary: 'Calls a method of a service, if the configuration allows it',
      body: Call,
      response: { 200: CallResponse, ...problems(405) },
    },
    handler: async (request) => {
      const { routing_key, params, timeout } = request.body
      refuseCall(routing_key, params, { busCalls })
      const { id, identity } = request
      log.warn({ id, user: identity?.user, routingKey: routing_key }, 'A method is called over REST')
      return callResponse(bus.request(routing_key, params ?? [], { timeout: (timeout ?? 10) * 1000 }))
    },
  })
}

function listDeadLetters(app: App, { bus }: BusRoutesOptions): void {
  app.route({
    method: 'GET',
    url: '/bus/dead/:queue',
    schema: {
      tags,
      summary: 'Lists the dead letters of a queue, the latest first',
      params: QueuePath,
      response: { 200: z.array(DeadInList), ...problems(404) },
    },
    handler: async ({ params: { queue } }) => (await bus.dead.list(queue, MAX_LISTED)).map(inList),
  })
}

function getDeadLetter(app: App, { bus }: BusRoutesOptions): void {
  app.route({
    method: 'GET',
    url: '/bus/dead/:queue/:id',
    schema: {
      tags,
      summary: 'Returns a dead letter with its body',
      params: DeadPath,
      response: { 200: Dead, ...problems(404) },
    },
    handler: async ({ params: { queue, id } }) => {
      const all = await bus.dead.list(queue, MAX_LISTED)
      const message = found(
        all.find((each) => each.id === id),
        describe(queue, id),
      )
      return { ...inList(message), body: bodyOf(message) }
    },
  })
}

function dropDeadLetter(app: App, { bus, log }: BusRoutesOptions): void {
  app.route({
    method: 'DELETE',
    url: '/bus/dead/:queue/:id',
    schema: {
      tags,
      summary: 'Drops a dead letter',
      params: DeadPath,
      response: { 200: Nothing, ...problems(404) },
    },
    handler: async (request) => {
      const { queue, id } = request.params
      found((await bus.dead.drop(queue, id)) || undefined, describe(queue, id))
      logDeadLetter(log, request, 'A dead letter was dropped')
      return [] as []
    },
  })
}

function retryDeadLetter(app: App, { bus, log }: BusRoutesOptions): void {
  app.route({
    method: 'POST',
    url: '/bus/dead/:queue/:id/retry',
    preValidation: requireJson,
    schema: {
      tags,
      summary: 'Puts a dead letter back on its queue',
      params: DeadPath,
      response: { 200: Nothing, ...problems(404) },
    },
    handler: async (request) => {
      const { queue, id } = request.params
      found((await bus.dead.replay(queue, id)) || undefined, describe(queue, id))
      logDeadLetter(log, request, 'A dead letter was put back on its queue')
      return [] as []
    },
  })
}

function logDeadLetter(
  log: Logger,
  { id, identity, params }: FastifyRequest<{ Params: z.infer<typeof DeadPath> }>,
  what: string,
): void {
  log.warn({ id, user: identity?.user, queue: params.queue, message: params.id }, what)
}

function refuseCall(routingKey: string, params: unknown, { busCalls }: { busCalls: boolean }): void {
  if (!busCalls) {
    const remedy = 'set "bus-calls": true in the configuration of the server to allow them'
    throw new BusError('NotAllowed', `Calls on the bus are not allowed here; ${remedy}.`)
  }
  const model = secretModelIn([routingKey, params])
  if (model === undefined) return
  throw new BusError('NotAllowed', `${model} is secret: calls on the bus must not concern it.`)
}

async function callResponse(reply: Promise<unknown>): Promise<z.infer<typeof CallResponse>> {
  try {
    return { result: withoutSecrets(await reply) }
  } catch (error) {
    if (!(error instanceof BusError)) throw error
    const { name, code, message, data } = error
    return { result: null, error: { name, code, message, data: Object(withoutSecrets(data)) } }
  }
}

function inList({
  id,
  queue,
  routingKey,
  reason,
  deadAt,
  attempts,
}: DeadMessage): z.infer<typeof DeadInList> {
  return { id, queue, routing_key: routingKey, reason, dead_at: deadAt, attempts }
}

/** A body that concerns a secret model is not shown at all, since the position of the secret is unknown. */
function bodyOf({ body }: DeadMessage): string {
  const model = secretModelIn(body)
  return model === undefined ? String(withoutSecrets(body)) : `[hidden: it concerns ${model}]`
}

const describe = (queue: string, id: string) => `dead letter "${id}" of queue "${queue}"`
