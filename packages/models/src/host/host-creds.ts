/**
 * The credentials of a host. A secret model: sealed at rest, and returned only by the creds endpoint.
 */
import { z } from 'zod'
import { defineModel, type ModelOf } from '../model/model.ts'
import { address } from '../model/names.ts'

/** How to log in to a host; `ssh_priv_key` is the private key file in base64. */
export const HostCreds = defineModel({
  name: 'HostCreds',
  key: 'address',
  original: ['address', 'ssh_priv_key', 'remote_user'],
  schema: z.object({
    address,
    ssh_priv_key: z.string().default(''),
    remote_user: z.string().default('root'),
  }),
  secret: true,
})
export type HostCreds = ModelOf<typeof HostCreds>
