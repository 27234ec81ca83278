/** All hosts: `/hosts`. */
import { Host, Hosts, safeModel } from '@commissaire/models'
import { z } from 'zod'
import type { App, Backend } from '../backend.ts'
import { problems } from '../http/problem.ts'
import { views } from './views.ts'

/** Adds the endpoint. */
export function hosts(app: App, { storage }: Backend): void {
  app.route({
    method: 'GET',
    url: '/hosts',
    schema: {
      tags: ['hosts'],
      summary: 'Lists all hosts',
      response: { 200: z.array(views.Host), ...problems() },
    },
    handler: async () => (await storage.list(Hosts)).map((host) => safeModel(Host, host)),
  })
}
