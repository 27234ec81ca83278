/**
 * Bounds the requests that are worked on at a time, so that an overloaded server goes on working instead of getting ever
 * slower: what is beyond the limit waits in a short line, and what finds the line full, or waits in it for too long, is
 * answered with 503 and `Retry-After` at once, before its credentials are checked and its body is read.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { RequestError } from './request-error.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** True for a route that is answered whatever the load is. */
    unlimited?: boolean
  }
}

/** How many requests are admitted. */
export interface AdmissionLimits {
  /** How many requests are worked on at a time; default 128. */
  readonly maxRequests?: number | undefined
  /** How many wait for their turn; default eight times as many. */
  readonly maxWaiting?: number | undefined
  /** How many milliseconds a request waits at most; default 2000. */
  readonly maxWait?: number | undefined
}

interface Waiting {
  readonly admit: () => void
  readonly refuse: () => void
}

/** Admits requests. */
export class Admission {
  readonly #maxRequests: number
  readonly #maxWaiting: number
  readonly #maxWait: number
  readonly #waiting = new Set<Waiting>()
  #running = 0

  constructor({ maxRequests = 128, maxWaiting = 8 * maxRequests, maxWait = 2000 }: AdmissionLimits = {}) {
    this.#maxRequests = maxRequests
    this.#maxWaiting = maxWaiting
    this.#maxWait = maxWait
  }

  /** How many requests are worked on now. */
  get running(): number {
    return this.#running
  }

  /** How many requests wait now. */
  get waiting(): number {
    return this.#waiting.size
  }

  /** Resolves when the request may begin; `leave` must follow. Throws 503 when it may not. */
  async enter(): Promise<void> {
    if (this.#running < this.#maxRequests) this.#running += 1
    else if (this.#waiting.size < this.#maxWaiting) await this.#wait()
    else throw overloaded()
  }

  /** Ends the work on a request. */
  leave(): void {
    const [next] = this.#waiting
    if (!next) return void (this.#running -= 1)
    this.#waiting.delete(next)
    next.admit()
  }

  #wait(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const waiting: Waiting = { admit: resolve, refuse: () => reject(overloaded()) }
    this.#waiting.add(waiting)
    const timer = setTimeout(() => this.#waiting.delete(waiting) && waiting.refuse(), this.#maxWait)
    return promise.finally(() => clearTimeout(timer))
  }
}

/** Lets the app work on no more requests than the limits allow. Must be called before the hook that authenticates. */
export function limitRequests(app: FastifyInstance, admission: Admission): void {
  const admitted = new WeakSet<FastifyRequest>()
  const leave = (request: FastifyRequest): void => {
    if (admitted.delete(request)) admission.leave()
  }
  app.addHook('onRequest', async (request, reply) => {
    const { unlimited, public: isPublic } = request.routeOptions.config
    if (unlimited || isPublic) return
    await enter(admission, reply)
    admitted.add(request)
    reply.raw.once('close', () => leave(request))
    // The client may have left while it waited.
    if (request.raw.socket.destroyed) leave(request)
  })
  app.addHook('onResponse', async (request) => leave(request))
}

async function enter(admission: Admission, reply: FastifyReply): Promise<void> {
  try {
    await admission.enter()
  } catch (error) {
    // Spread, so that those who were refused together do not come back together.
    reply.header('retry-after', 1 + Math.floor(Math.random() * 3))
    throw error
  }
}

function overloaded(): RequestError {
  return new RequestError(503, 'The server has more requests than it can serve. Try again later.')
}
