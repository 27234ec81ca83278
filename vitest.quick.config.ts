/** The quick half of the tests: what needs no broker, no process of its own and no real host. */
import { configDefaults, defineConfig, mergeConfig } from 'vitest/config'
import whole from './vitest.config.ts'

const slow = [
  'lab/**',
  'test/{end-to-end,scenarios}/**',
  'test/{examples,guide,man,packed,programs,systemd}*',
  'packages/bus/test/{kombu,nats,invalid-messages}/**',
  'packages/bus/test/redis/subscription*',
  'packages/bus/test/contract/{amqp,killed,nats,redis}*',
  'packages/storage/test/{etcd,foreign,shared-store,handlers}*',
  'packages/service/test/{service-manager,program,run,closing}*',
  'apps/services/test/{programs,wire,clusterexec,signs-of-life}*',
  'apps/commctl/test/**',
]

export default mergeConfig(whole, defineConfig({ test: { exclude: [...configDefaults.exclude, ...slow] } }))
