/** The program `commissaire-investigator-service`. */
import { version } from '../shared/version.ts'
import { profiles } from '@commissaire/hosts'
import { connectionOf, defineProgram, serviceSettings } from '@commissaire/service'
import { z } from 'zod'

import { defaultPrefix } from './host-network.ts'
import { InvestigatorService } from './service.ts'
import type { PreparationSettings } from './preparation.ts'
import { serve } from '../shared/serve.ts'
import { hostSettings } from '../shared/settings.ts'

const path = (what: string) =>
  z.string().default('').describe(`a file here with ${what}, to be copied to the hosts`)

/** Its settings. */
export const InvestigatorSettings = z.object({
  ...serviceSettings,
  ...hostSettings,
  profile: z
    .enum(['auto', ...profiles])
    .default('auto')
    .describe('the profile of hosts whose cluster has none'),
  etcd_endpoints: z.array(z.string()).default([]).describe('where flannel on the hosts finds etcd'),
  etcd_prefix: z.string().default(defaultPrefix).describe("the key of flannel's network in etcd"),
  etcd_ca_path: path("etcd's CA"),
  etcd_certificate_path: path('the client certificate for etcd'),
  etcd_certificate_key_path: path('its key'),
})

/** The program. */
export const program = defineProgram({
  name: 'commissaire-investigator-service',
  description: 'Connects to new hosts, gathers their facts and prepares them.',
  version,
  configFile: '/etc/commissaire/investigator.conf',
  schema: InvestigatorSettings,
  examples: ['commissaire-investigator-service --processes 4'],
  run: async (settings, { log }) => {
    const { ssh_port: sshPort, ssh_limit: sshLimit, processes } = settings
    const options = {
      ...connectionOf(settings),
      log,
      sshPort,
      sshLimit,
      preparation: preparationOf(settings),
    }
    await serve(InvestigatorService, options, { processes })
  },
})

function preparationOf(settings: z.output<typeof InvestigatorSettings>): PreparationSettings {
  const etcd = {
    endpoints: settings.etcd_endpoints,
    prefix: settings.etcd_prefix,
    caPath: settings.etcd_ca_path,
    certificatePath: settings.etcd_certificate_path,
    certificateKeyPath: settings.etcd_certificate_key_path,
  }
  return { profile: settings.profile, etcd }
}
