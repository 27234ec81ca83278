/** The quick half of the tests: what needs no broker, no process of its own and no real host. */
import { configDefaults, defineConfig, mergeConfig } from 'vitest/config'
import whole from './vitest.config.ts'

const slow = [
  'lab/**',
  'test/{end-to-end,scenarios}/**',
  'test/{examples,guide,man,packed,programs,systemd}*',
  'packages/bus/test/{contract,hostile,invalid-messages,kombu,nats,redis}/**',
  'packages/bus/test/tls*',
  'packages/storage/test/etcd/**',
  'packages/storage/test/{shared-store,handlers}*',
  'packages/service/test/{manager,program}/**',
  'apps/services/test/**',
  'apps/commctl/test/**',
]

export default mergeConfig(whole, defineConfig({ test: { exclude: [...configDefaults.exclude, ...slow] } }))
