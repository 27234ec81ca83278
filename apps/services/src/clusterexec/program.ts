/** The program `commissaire-clusterexec-service`. */
import { defaultRebootTiming } from '@commissaire/hosts'
import { connectionOf, defineProgram, serviceSettings } from '@commissaire/service'
import { z } from 'zod'

import { clusterexecDefaults } from './defaults.ts'
import { ClusterexecService } from './service.ts'
import { version } from '../shared/version.ts'
import { serve } from '../shared/serve.ts'
import { hostSettings, seconds } from '../shared/settings.ts'

/** Its settings. */
export const ClusterexecSettings = z.object({
  ...serviceSettings,
  ...hostSettings,
  host_timeout: seconds(
    clusterexecDefaults.hostTimeout,
    'how long the work on one host may take at most, reboot included',
  ),
  down_timeout: seconds(defaultRebootTiming.downWithin, 'how long a host may take to go down for a reboot'),
  return_timeout: seconds(defaultRebootTiming.returnWithin, 'how long a host may take to come back'),
  settle_timeout: seconds(defaultRebootTiming.settleWithin, 'how long its services may then take to start'),
  settle_time: seconds(defaultRebootTiming.settleTime, 'how long it must then stay up and healthy'),
  lease: seconds(
    clusterexecDefaults.lease,
    'how long a worker may not renew its lease until another process continues its operation',
  ),
})

/** The program. */
export const program = defineProgram({
  name: 'commissaire-clusterexec-service',
  description: 'Rolls upgrades, restarts and deployments over the hosts of a cluster.',
  version,
  configFile: '/etc/commissaire/clusterexec.conf',
  schema: ClusterexecSettings,
  run: async (settings, { log }) => {
    const { ssh_port: sshPort, ssh_limit: sshLimit, processes } = settings
    const reboot = {
      downWithin: settings.down_timeout * 1000,
      returnWithin: settings.return_timeout * 1000,
      settleWithin: settings.settle_timeout * 1000,
      settleTime: settings.settle_time * 1000,
    }
    const times = { hostTimeout: settings.host_timeout * 1000, lease: settings.lease * 1000, reboot }
    await serve(
      ClusterexecService,
      { ...connectionOf(settings), log, sshPort, sshLimit, ...times },
      { processes },
    )
  },
})
