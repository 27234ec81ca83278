/** Networks: `/networks` and `/network/{name}`. */
import { BusError } from '@commissaire/bus'
import { Clusters, defaultNetwork, Network, Networks } from '@commissaire/models'
import type { App, Backend } from '../backend.ts'
import { definitionRoutes } from './definitions.ts'

/** Adds the endpoints. */
export function networks(app: App, backend: Backend): void {
  definitionRoutes(app, backend, {
    model: Network,
    list: Networks,
    plural: 'networks',
    singular: 'network',
    words: { all: 'networks', one: 'network' },
    beforeDelete: (name) => requireUnused(backend, name),
  })
}

/** The default network cannot be deleted while clusters use it, since clusters fall back to it. */
async function requireUnused({ storage }: Backend, name: string): Promise<void> {
  if (name !== defaultNetwork.name) return
  const users = (await storage.list(Clusters)).filter(({ network }) => network === name)
  if (users.length === 0) return
  const list = users.map((cluster) => cluster.name).join(', ')
  throw new BusError('NotAllowed', `The network "${name}" is in use by ${list}.`)
}
