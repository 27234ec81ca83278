/** A broker within this process as a world. It cannot kill processes or the broker. */

import { randomUUID } from 'node:crypto'
import { connect } from '../../src/index.ts'
import type { World } from '../../src/testing.ts'
import { open } from '../../src/transports/memory.ts'
import { injectIntoMemory } from './memory-injection.ts'
import { quietOptions } from './quiet-options.ts'

/** Makes a broker. */
export async function memoryWorld(): Promise<World> {
  const url = `memory://${randomUUID()}`
  const buses: AsyncDisposable[] = []
  return {
    async connect(options) {
      const bus = await connect(url, options)
      buses.push(bus)
      return bus
    },
    open: (onReply) => open(new URL(url), quietOptions(onReply)),
    inject: (_queue, message) => injectIntoMemory(url, message),
    unsettled: async () => 0,
    async [Symbol.asyncDispose]() {
      for (const bus of buses) await bus[Symbol.asyncDispose]()
    },
  }
}
