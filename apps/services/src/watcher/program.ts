/** The program `commissaire-watcher-service`. */
import { version } from '../shared/version.ts'
import { connectionOf, defineProgram, serviceSettings } from '@commissaire/service'
import { z } from 'zod'

import { watcherDefaults } from './defaults.ts'
import { WatcherService } from './service.ts'
import { serve } from '../shared/serve.ts'
import { hostSettings, seconds } from '../shared/settings.ts'

/** Its settings. */
export const WatcherSettings = z.object({
  ...serviceSettings,
  ...hostSettings,
  interval: seconds(watcherDefaults.interval, 'how often each host is checked'),
  patience: seconds(watcherDefaults.patience, 'how long one check may take'),
  concurrency: z
    .number()
    .int()
    .min(1)
    .default(watcherDefaults.concurrency)
    .describe('how many hosts are checked at a time'),
  look_closer_after: seconds(
    watcherDefaults.lookCloserAfter,
    'how often the facts of a host and its need of a reboot are read',
  ),
  stuck_after: seconds(
    watcherDefaults.stuckAfter,
    'how long an investigation may take before it is requested again',
  ),
})

/** The program. */
export const program = defineProgram({
  name: 'commissaire-watcher-service',
  description: 'Periodically connects to hosts and checks their status.',
  version,
  configFile: '/etc/commissaire/watcher.conf',
  schema: WatcherSettings,
  run: async (settings, { log }) => {
    const { ssh_port: sshPort, ssh_limit: sshLimit, concurrency, processes } = settings
    const times = {
      interval: settings.interval * 1000,
      patience: settings.patience * 1000,
      lookCloserAfter: settings.look_closer_after * 1000,
      stuckAfter: settings.stuck_after * 1000,
    }
    await serve(
      WatcherService,
      { ...connectionOf(settings), log, sshPort, sshLimit, concurrency, ...times },
      { processes },
    )
  },
})
