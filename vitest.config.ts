/** Tests run the sources: sister packages resolve through the export condition that names them. */
import { defaultServerConditions } from 'vite'
import { defineConfig } from 'vitest/config'
import { SlowestFiles } from './test/slowest-files.ts'
import { LongFirst } from './test/long-first.ts'

export default defineConfig({
  ssr: { resolve: { conditions: ['@commissaire/source', ...defaultServerConditions] } },
  test: {
    include: [
      'packages/*/test/**/*.test.ts',
      'apps/*/test/**/*.test.ts',
      'lab/test/**/*.test.ts',
      'test/**/*.test.ts',
    ],
    execArgv: ['--conditions=@commissaire/source'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Most files wait for processes, brokers and hosts, so more of them run than there are processors.
    maxWorkers: Number(process.env.TEST_WORKERS ?? 3),
    reporters: ['default', new SlowestFiles()],
    sequence: { sequencer: LongFirst },
  },
})
