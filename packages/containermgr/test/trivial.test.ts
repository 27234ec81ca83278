import { test } from 'vitest'

import { createContainerManager } from '../src/index.ts'
import { containerManagerContract } from '../src/testing/index.ts'

const make = () => createContainerManager({ name: 'memory', type: 'trivial', options: {} })

for (const [name, check] of Object.entries(containerManagerContract))
  test(`trivial: ${name}`, () => check(make))
