/** The contract suite on the broker within one process. */

import { describe, test } from 'vitest'
import { checksFor } from '../../src/testing.ts'
import { memoryWorld } from '../brokers/memory-world.ts'

describe('the contract in memory', () => {
  for (const [name, check] of checksFor({ kills: false, restarts: false, injects: true }))
    test(name, () => check(memoryWorld))
})
