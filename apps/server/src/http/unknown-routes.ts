/**
 * Answers requests for which there is no route: 405 with an `Allow` header when the path exists with other methods,
 * otherwise 404. The body of such a request is not read.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { pathOf, problem, sendProblem } from './problem.ts'

/** The methods of every path with a route. */
export class KnownPaths {
  readonly #methods = new Map<string, Set<string>>()
  readonly #patterns = new Map<string, RegExp>()

  /** Records the routes that are added to the app from now on, and names the allowed methods in every 405. */
  constructor(app: FastifyInstance) {
    app.addHook('onRoute', ({ url, method }) => this.#add(url, [method].flat()))
    app.addHook('onSend', async (request, reply) => {
      if (reply.statusCode === 405 && !reply.hasHeader('allow'))
        reply.header('allow', this.#othersThan(request).join(', '))
    })
  }

  /** Answers requests without a route. Must be called after the hook that authenticates requests was added. */
  refuseOthers(app: FastifyInstance): void {
    const refuse = async (request: FastifyRequest, reply: FastifyReply) => this.#refuse(request, reply)
    app.setNotFoundHandler(refuse)
    app.addHook('onRequest', async (request, reply) =>
      request.is404 || this.#isOtherPath(request) ? refuse(request, reply) : undefined,
    )
  }

  /** `GET /operations/plan` is no operation with the id "plan": a path without parameters is that path for all methods. */
  #isOtherPath({ method, url }: FastifyRequest): boolean {
    const methods = this.#methods.get(url.split('?', 1)[0] ?? '')
    return methods !== undefined && !methods.has(method)
  }

  #add(url: string, methods: readonly string[]): void {
    const known = this.#methods.get(url) ?? new Set()
    for (const method of methods) known.add(method)
    this.#methods.set(url, known)
    this.#patterns.set(url, patternOf(url))
  }

  #refuse(request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const path = pathOf(request)
    const methods = this.#methodsAt(path)
    if (!methods) return sendProblem(reply, problem(404, `There is nothing at ${path}.`))
    reply.header('allow', methods.join(', '))
    return sendProblem(reply, problem(405, `This path does not support ${request.method}.`))
  }

  #methodsAt(path: string): string[] | undefined {
    const plain = decodeURI(path).replace(/(?<=.)\/$/, '')
    for (const [url, pattern] of this.#patterns)
      if (pattern.test(plain)) return [...(this.#methods.get(url) ?? [])]
    return undefined
  }

  /** The methods of the route that refused a request, without the one that was refused. */
  #othersThan({ method, routeOptions }: FastifyRequest): string[] {
    return [...(this.#methods.get(routeOptions.url ?? '') ?? [])].filter((each) => each !== method)
  }
}

function patternOf(url: string): RegExp {
  const parts = url
    .split('/')
    .map((part) => (part.startsWith(':') ? '[^/]+' : part.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`)))
  return new RegExp(`^${parts.join('/')}$`)
}
