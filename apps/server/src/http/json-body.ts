/**
 * How a body is read: as JSON, whatever its label says, and as `{}` where there is none.
 *
 * Existing clients label every request `application/json`, also the empty ones, send `{}` along with DELETE, and
 * `curl -d` labels JSON as a form. All of those mean the same.
 */
import { BusError } from '@commissaire/bus'
import type { FastifyInstance, FastifyRequest } from 'fastify'

/** Makes the app read bodies so. */
export function readJsonBodies(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser<string>('*', { parseAs: 'string' }, (request, body, done) => {
    if (body.trim() === '') done(null, {})
    else void parse(request, body, done)
  })
  app.addHook('preValidation', async (request) => {
    request.body ??= {}
  })
}

/** A page of somebody else can make a browser send a POST with its user's credentials, but not one that says it is JSON. */
export async function requireJson({ headers }: FastifyRequest): Promise<void> {
  if (headers['content-type']?.startsWith('application/json')) return
  throw new BusError('InvalidParams', 'Send it as "Content-Type: application/json".')
}
