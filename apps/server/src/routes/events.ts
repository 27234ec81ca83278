/** The stream of events: `/events`, as server-sent events. */
import { address, name } from '@commissaire/models'
import { z } from 'zod'
import type { App, Backend } from '../backend.ts'
import { createEventFilter } from '../events/event-filter.ts'
import { EventHub, type EventOptions } from '../events/event-hub.ts'
import { eventKinds } from '../events/server-event.ts'
import { problem, problems, sendProblem } from '../http/problem.ts'

const Query = z.object({
  operation: name.optional().describe('Only events of this operation, its hosts and their output.'),
  cluster: name.optional().describe('Only events of this cluster, its hosts and its operations.'),
  host: address.optional().describe('Only events of this host.'),
  kinds: z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(z.enum(eventKinds)))
    .optional()
    .describe(`Only events of these kinds, separated by commas: ${eventKinds.join(', ')}.`),
  since: z.string().max(100).optional().describe('Start after the event with this id.'),
})

/** The response is a stream, which the schema can only describe as text. */
const stream: Readonly<Record<number, object>> = {
  200: {
    description: 'Events, until the client or the server ends the stream',
    content: { 'text/event-stream': { schema: z.string() } },
  },
}

/** The options of this endpoint. */
export interface EventRoutesOptions extends Backend {
  readonly events?: EventOptions
}

/** Adds the endpoint. Its streams end when the app closes. */
export function events(app: App, { bus, storage, log, events: options }: EventRoutesOptions): void {
  const hub = new EventHub(bus, options)
  app.addHook('preClose', async () => hub.close())

  app.route({
    method: 'GET',
    url: '/events',
    exposeHeadRoute: false,
    // Streams last, and have a limit of their own.
    config: { unlimited: true },
    schema: {
      tags: ['events'],
      summary: 'Streams events as server-sent events; Last-Event-ID resumes the stream',
      querystring: Query,
      response: { ...stream, ...problems() },
    },
    handler: async (request, reply) => {
      if (!hub.hasRoom)
        return sendProblem(reply.header('retry-after', 10), {
          ...problem(503, 'Too many event streams are open.'),
          id: request.id,
        })
      const { since, ...query } = request.query
      const lastEventId = request.headers['last-event-id']
      const opened = hub.open(await createEventFilter(query, { storage, log }), {
        since: typeof lastEventId === 'string' ? lastEventId : since,
      })
      reply.headers({
        'content-type': 'text/event-stream; charset=utf-8',
        'x-accel-buffering': 'no',
        connection: 'close',
      })
      return reply.send(opened)
    },
  })
}
