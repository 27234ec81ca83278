/**
 * Two projects: `slow` has the tests that start brokers, processes of their own, or hosts; `quick` has all others.
 *
 * Tests run the sources: sister packages resolve through the export condition that names them.
 */
import { defaultServerConditions } from 'vite'
import { configDefaults, defineConfig } from 'vitest/config'
import { SlowestFiles } from './test/slowest-files.ts'
import { LongFirst } from './test/long-first.ts'

const all = ['packages', 'apps'].map((room) => `${room}/*/test/**/*.test.ts`)
const include = [...all, 'lab/test/**/*.test.ts', 'test/**/*.test.ts']

const slow = [
  'lab/test/**/*.test.ts',
  'test/{end-to-end,scenarios}/**/*.test.ts',
  'test/{chaos,packed}/**/*.test.ts',
  'test/{examples,guide,man,programs,systemd}*.test.ts',
  'packages/bus/test/{contract,hostile,invalid-messages,kombu,nats,redis}/**/*.test.ts',
  'packages/bus/test/tls*.test.ts',
  'packages/hosts/test/too-much-output.test.ts',
  'packages/storage/test/etcd/**/*.test.ts',
  'packages/storage/test/{shared-store,handlers}*.test.ts',
  'packages/service/test/{manager,program}/**/*.test.ts',
  'apps/{services,commctl}/test/**/*.test.ts',
]

/** Most files wait for processes and hosts, so more of them run than there are processors. */
const workers = (usual: number): number => Number(process.env.TEST_WORKERS ?? usual)

const common = { execArgv: ['--conditions=@commissaire/source'], testTimeout: 30_000, hookTimeout: 60_000 }

export default defineConfig({
  ssr: { resolve: { conditions: ['@commissaire/source', ...defaultServerConditions] } },
  test: {
    reporters: ['default', new SlowestFiles()],
    sequence: { sequencer: LongFirst },
    projects: [
      {
        extends: true,
        test: { ...common, name: 'slow', include: slow, maxWorkers: workers(5), sequence: { groupOrder: 0 } },
      },
      {
        extends: true,
        test: {
          ...common,
          name: 'quick',
          include,
          exclude: [...configDefaults.exclude, ...slow],
          // These share neither processes nor files, so that they need no process of their own.
          pool: 'threads',
          isolate: false,
          maxWorkers: workers(6),
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
