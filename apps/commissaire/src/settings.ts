/**
 * What the program's flags, environment and configuration file may say: all that the server's may, and where data rests.
 */
import { defaultRebootTiming } from '@commissaire/hosts'
import { commonSettings, type FlagDefinition } from '@commissaire/service'
import { serverFlags, ServerSettings } from '@commissaire/server'
import { ClusterexecSettings, WatcherSettings } from '@commissaire/services'
import { StorageConfig } from '@commissaire/storage'
import { z } from 'zod'
import { defaultDataFolder } from './data-folder.ts'

/** The settings of the whole system. Every one of them has a default that works. */
export const SystemSettings = ServerSettings.extend({
  ...commonSettings,
  data: z.string().min(1).default(defaultDataFolder).meta({
    description: 'the folder of database, keys and credentials',
    shownDefault:
      '$COMMISSAIRE_DATA, else /var/lib/commissaire for root and ~/.local/share/commissaire for others',
  }),
  storage_handlers: StorageConfig.shape.storage_handlers.describe(
    'which store has which models; the embedded database has the rest',
  ),
  bus_uri: z
    .string()
    .min(1)
    .default('memory://')
    .describe('where the message bus is; memory:// is in this process'),
  listen_interface: z.string().min(1).default('127.0.0.1').describe('the interface to listen on'),
  ssh_port: ClusterexecSettings.shape.ssh_port,
  ssh_limit: ClusterexecSettings.shape.ssh_limit,
  return_timeout: ClusterexecSettings.shape.return_timeout,
  settle_time: z
    .number()
    .nonnegative()
    .default(defaultRebootTiming.settleTime / 1000)
    .describe('how long a host must stay up and healthy after a reboot, in seconds'),
  lease: ClusterexecSettings.shape.lease,
  watch_interval: WatcherSettings.shape.interval,
  stuck_after: WatcherSettings.shape.stuck_after,
})

/** The settings, read. */
export type SystemSettings = z.output<typeof SystemSettings>

/** The program's flags. */
export const systemFlags: readonly FlagDefinition[] = [
  { flags: '--data <dir>', key: 'data', description: 'the folder of database, keys and credentials' },
  ...serverFlags,
  { flags: '--ssh-port <port>', key: 'ssh_port', description: 'where sshd listens on the hosts' },
  {
    flags: '--ssh-limit <number>',
    key: 'ssh_limit',
    description: 'how many handshakes and commands run on hosts at a time',
  },
  {
    flags: '--return-timeout <seconds>',
    key: 'return_timeout',
    description: 'how long a host may take to come back',
  },
  {
    flags: '--settle-time <seconds>',
    key: 'settle_time',
    description: 'how long it must stay up and healthy after a reboot',
  },
  {
    flags: '--lease <seconds>',
    key: 'lease',
    description: 'how long a worker may not renew its lease until its operation is continued',
  },
  {
    flags: '--watch-interval <seconds>',
    key: 'watch_interval',
    description: 'how often each host is checked',
  },
]
