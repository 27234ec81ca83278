/** The program `commissaire-containermgr-service`, also called `commissaire-clustermgr-service`. */
import { connectionOf, defineProgram, serviceSettings } from '@commissaire/service'
import { z } from 'zod'

import { ContainerManagerService } from './service.ts'
import { version } from '../shared/version.ts'
import { serve } from '../shared/serve.ts'

/** Its settings. The container managers themselves are in storage. */
export const ContainerManagerSettings = z.object({ ...serviceSettings })

/** The program. */
export const program = defineProgram({
  name: 'commissaire-containermgr-service',
  description: 'Registers hosts with container managers.',
  version,
  configFile: '/etc/commissaire/containermgr.conf',
  schema: ContainerManagerSettings,
  run: async (settings, { log }) => {
    await serve(
      ContainerManagerService,
      { ...connectionOf(settings), log },
      { processes: settings.processes },
    )
  },
})
