/**
 * Parses request bodies as JSON, whatever their content type, and an empty body as `{}`.
 *
 * Existing clients send `application/json` also with an empty body, and `{}` with DELETE; `curl -d` labels JSON as a form.
 */
import { BusError } from '@commissaire/bus'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { RequestError } from './request-error.ts'

/** Makes the app parse all bodies as JSON. */
export function readJsonBodies(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser<string>('*', { parseAs: 'string' }, (request, body, done) => {
    if (body.trim() === '') done(null, {})
    else void parse(request, body, done)
  })
  app.addHook('preParsing', async ({ headers: { 'content-encoding': encoding = 'identity' } }) => {
    if (encoding !== 'identity')
      throw new RequestError(415, `The body is encoded as "${encoding}"; send it as it is.`)
  })
  app.addHook('preValidation', async (request) => {
    request.body ??= {}
  })
}

/** Protects POST against cross-site requests: a foreign page can send one with the user's credentials, but not as JSON. */
export async function requireJson({ headers }: FastifyRequest): Promise<void> {
  if (headers['content-type']?.startsWith('application/json')) return
  throw new BusError('InvalidParams', 'Send it as "Content-Type: application/json".')
}
