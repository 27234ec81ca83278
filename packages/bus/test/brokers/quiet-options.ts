/** Options of a bare transport that only takes answers. */

import type { TransportOptions } from '../../src/index.ts'

export function quietOptions(onReply: (body: string) => void = () => {}): TransportOptions {
  const nothing = (): void => {}
  return {
    exchange: 'commissaire',
    log: { debug: nothing, info: nothing, warn: nothing, error: nothing },
    visibility: 5_000,
    maxAttempts: 5,
    clientName: 'test',
    abandonedReply: () => undefined,
    onReply,
    onBroadcast: nothing,
    onState: nothing,
  }
}
