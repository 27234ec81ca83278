/** The program `commissaire-investigator-service`. */
import { profiles } from '@commissaire/hosts'
import { connectionOf, defineProgram, serviceSettings } from '@commissaire/service'
import { z } from 'zod'

import { InvestigatorService } from '../investigator-service.ts'
import { serve } from './serve.ts'
import { hostSettings } from './settings.ts'

/** What its configuration may say. */
export const InvestigatorSettings = z.object({
  ...serviceSettings,
  ...hostSettings,
  profile: z.enum(profiles).default('none').describe('what hosts are prepared for'),
})

/** The program. */
export const program = defineProgram({
  name: 'commissaire-investigator-service',
  description: 'Connects to new hosts, learns what they are and prepares them.',
  version: '0.1.0',
  configFile: '/etc/commissaire/investigator.conf',
  schema: InvestigatorSettings,
  examples: ['commissaire-investigator-service --processes 4'],
  run: async (settings, { log }) => {
    const { ssh_port: sshPort, profile, processes } = settings
    await serve(InvestigatorService, { ...connectionOf(settings), log, sshPort, profile }, { processes })
  },
})
