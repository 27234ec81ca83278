/**
 * A network that connects the hosts of a cluster.
 */
import { z } from 'zod'
import { defineList, defineModel, type ModelOf } from './model/model.ts'
import { name } from './model/names.ts'

/** The kinds of networks. */
export const networkTypes = ['flannel_etcd', 'flannel_server'] as const

/** One of these kinds. */
export type NetworkType = (typeof networkTypes)[number]

const hostAndPort = /^(\[[0-9a-fA-F:.]+\]|[a-zA-Z0-9_.-]+):\d{1,5}$/

/** Also when something else is wrong, so that all faults are listed. */
const forFlannelServers = { when: ({ value }: { value: unknown }) => flannelServer.safeParse(value).success }
const flannelServer = z.looseObject({
  type: z.literal('flannel_server'),
  options: z.looseObject({}).optional(),
})

/** A network that hosts are joined by. */
export const Network = defineModel({
  name: 'Network',
  key: 'name',
  original: ['name', 'type', 'options'],
  schema: z
    .object({
      name,
      type: z.enum(networkTypes).default('flannel_etcd'),
      options: z.record(z.string(), z.unknown()).default({}),
    })
    .superRefine(({ options }, context) => {
      const { address } = options
      if (typeof address === 'string' && hostAndPort.test(address)) return
      const message = 'must be "host:port" of the flannel server'
      context.addIssue({ code: 'custom', path: ['options', 'address'], message })
    }, forFlannelServers),
})
export type Network = ModelOf<typeof Network>

/** All networks. */
export const Networks = defineList('Networks', Network)

/** The network that is always there, and that a cluster has when nothing else is said. */
export const defaultNetwork: Network = Object.freeze({ name: 'default', type: 'flannel_etcd', options: {} })
