/**
 * Says 405 with an `Allow` header where a path is known and the method is not, or not now.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify'
import { problem, sendProblem } from './problem.ts'

const known: readonly HTTPMethods[] = ['GET', 'HEAD', 'PUT', 'DELETE', 'POST', 'PATCH', 'OPTIONS']

/** The methods of every path that has a route. */
export class AllowedMethods {
  readonly #methods = new Map<string, Set<string>>()

  /** Watches the routes that are added from now on. */
  constructor(app: FastifyInstance) {
    app.addHook('onRoute', ({ url, method }) => {
      const methods = this.#methods.get(url) ?? new Set()
      for (const one of [method].flat()) methods.add(one)
      this.#methods.set(url, methods)
    })
    app.addHook('onSend', async (request, reply) => {
      if (reply.statusCode === 405) reply.header('allow', this.#allowedNow(request))
    })
  }

  /** Answers what is left: the known paths with any other method. To be called after all routes. */
  refuseOthers(app: FastifyInstance): void {
    for (const [url, methods] of Array.from(this.#methods)) {
      const method = known.filter((one) => !methods.has(one))
      app.route({
        url,
        method,
        config: { role: 'viewer' },
        schema: { hide: true },
        onRequest: refuse,
        handler: refuse,
      })
      for (const one of method) methods.delete(one)
    }
  }

  /** What may be asked of that path, but for what was just refused. */
  #allowedNow(request: FastifyRequest): string {
    const methods = this.#methods.get(request.routeOptions.url ?? '') ?? []
    return [...methods].filter((method) => method !== request.method).join(', ')
  }
}

async function refuse(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  return sendProblem(reply, problem(405, `${request.method} is nothing this path knows.`))
}
