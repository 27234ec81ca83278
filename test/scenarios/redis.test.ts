/** The scenarios in seven processes over Redis and sqlite. */
import { haveRedis, RedisServer } from '../../packages/bus/test/redis-world.ts'
import { runScenarios } from './run.ts'
import { parts, sevenProcesses, withBroker } from './seven-processes.ts'

if (haveRedis)
  runScenarios('in seven processes over redis and sqlite', parts, () =>
    withBroker(RedisServer.start(), ({ url }) => sevenProcesses({ bus: url, store: { type: 'sqlite' } })),
  )
