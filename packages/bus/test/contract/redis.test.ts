/** The contract suite on Redis servers that the checks kill. */

import { haveRedis } from '@commissaire/testing'
import { describe, test } from 'vitest'
import { checksFor } from '../../src/testing.ts'
import { redisWorld } from '../brokers/redis-world.ts'

describe.skipIf(!haveRedis)('the contract on Redis', { timeout: 90_000 }, () => {
  for (const [name, check] of checksFor({ kills: true, restarts: true, injects: true }))
    test(name, () => check(redisWorld))
})
