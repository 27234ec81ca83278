/** Options of a bare transport that only takes answers. */

import type { TransportOptions } from '../../src/index.ts'
import { Complaints } from '../../src/edge/complaints.ts'

export function quietOptions(onReply: (body: string) => void = () => {}): TransportOptions {
  const nothing = (): void => {}
  const log = { debug: nothing, info: nothing, warn: nothing, error: nothing }
  return {
    exchange: 'commissaire',
    log,
    complaints: new Complaints(log),
    visibility: 5_000,
    maxAttempts: 5,
    clientName: 'test',
    abandonedReply: () => undefined,
    onReply,
    onBroadcast: nothing,
    onState: nothing,
  }
}
