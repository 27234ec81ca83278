/**
 * Answers 405 with an `Allow` header when a path exists but not with this method, or not at the moment.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify'
import { problem, sendProblem } from './problem.ts'

const knownMethods: readonly HTTPMethods[] = ['GET', 'HEAD', 'PUT', 'DELETE', 'POST', 'PATCH', 'OPTIONS']

/** The allowed methods of every path with a route. */
export class AllowedMethods {
  readonly #methods = new Map<string, Set<string>>()

  /** Records the methods of the routes that are added from now on. */
  constructor(app: FastifyInstance) {
    app.addHook('onRoute', ({ url, method }) => {
      const methods = this.#methods.get(url) ?? new Set()
      for (const each of [method].flat()) methods.add(each)
      this.#methods.set(url, methods)
    })
    app.addHook('onSend', async (request, reply) => {
      if (reply.statusCode === 405) reply.header('allow', this.#allowedNow(request))
    })
  }

  /** Adds routes that answer 405 for all other methods of known paths. Must be called after all routes were added. */
  refuseOthers(app: FastifyInstance): void {
    for (const [url, methods] of Array.from(this.#methods)) {
      const method = knownMethods.filter((each) => !methods.has(each))
      app.route({
        url,
        method,
        config: { role: 'viewer' },
        schema: { hide: true },
        onRequest: refuse,
        handler: refuse,
      })
      for (const each of method) methods.delete(each)
    }
  }

  /** The methods of the path, without the one that was refused. */
  #allowedNow(request: FastifyRequest): string {
    const methods = this.#methods.get(request.routeOptions.url ?? '') ?? []
    return [...methods].filter((method) => method !== request.method).join(', ')
  }
}

async function refuse(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  return sendProblem(reply, problem(405, `This path does not support ${request.method}.`))
}
