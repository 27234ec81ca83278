/**
 * The bus at hand for operators: who is there, a call of any method, and the messages that were set aside.
 *
 * A call can do whatever a service can, past everything the other endpoints check. So it has to be allowed in the
 * configuration, is logged with its caller, and never touches what is secret.
 */
import { BusError, type DeadMessage } from '@commissaire/bus'
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
    .regex(/^[\w-]+(\.[\w-]+)+$/, { error: 'must be words with dots between; the last is the method' })
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

/** How many of the messages that were set aside are listed or looked through. */
const MAX_LISTED = 1000

/** What these endpoints need to know of the configuration. */
export interface BusRoutesOptions extends Backend {
  readonly busCalls?: boolean
}

/** Adds the endpoints. */
export function busRoutes(app: App, { bus, log, busCalls = false }: BusRoutesOptions): void {
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
      log.warn({ id, user: identity?.user, routingKey: routing_key }, 'A method is called by hand')
      return answerOf(bus.request(routing_key, params ?? [], { timeout: (timeout ?? 10) * 1000 }))
    },
  })

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
        nameOf(queue, id),
      )
      return { ...inList(message), body: bodyOf(message) }
    },
  })

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
      found((await bus.dead.drop(queue, id)) || undefined, nameOf(queue, id))
      note(request, 'A message that was set aside is dropped')
      return [] as []
    },
  })

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
      found((await bus.dead.replay(queue, id)) || undefined, nameOf(queue, id))
      note(request, 'A message that was set aside is tried again')
      return [] as []
    },
  })

  function note(
    { id, identity, params }: FastifyRequest<{ Params: z.infer<typeof DeadPath> }>,
    what: string,
  ) {
    log.warn({ id, user: identity?.user, queue: params.queue, message: params.id }, what)
  }
}

function refuseCall(routingKey: string, params: unknown, { busCalls }: { busCalls: boolean }): void {
  if (!busCalls) {
    const remedy = 'set "bus-calls": true in the configuration of the server to allow them'
    throw new BusError('NotAllowed', `Calls on the bus are not allowed here; ${remedy}.`)
  }
  const model = secretModelIn([routingKey, params])
  if (model === undefined) return
  throw new BusError('NotAllowed', `${model} is secret: no call on the bus may have to do with it.`)
}

async function answerOf(asking: Promise<unknown>): Promise<z.infer<typeof CallResponse>> {
  try {
    return { result: withoutSecrets(await asking) }
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

/** A body that has to do with a secret model is not shown at all: nobody knows where in it the secret is. */
function bodyOf({ body }: DeadMessage): string {
  const model = secretModelIn(body)
  return model === undefined ? String(withoutSecrets(body)) : `[hidden: it has to do with ${model}]`
}

const nameOf = (queue: string, id: string) => `message "${id}" set aside from queue "${queue}"`
