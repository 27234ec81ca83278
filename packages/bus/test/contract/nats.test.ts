/** The contract suite on NATS servers that the checks kill. */

import { haveNats } from '@commissaire/testing'
import { describe, test } from 'vitest'
import { checksFor } from '../../src/testing.ts'
import { natsWorld } from '../brokers/nats-world.ts'

describe.skipIf(!haveNats)('the contract on NATS', { timeout: 90_000 }, () => {
  for (const [name, check] of checksFor({ kills: true, restarts: true, injects: true }))
    test(name, () => check(natsWorld))
})
