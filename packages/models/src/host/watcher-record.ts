/**
 * A record on the watcher's queue: a host to be checked, and the time of its last check.
 */
import { z } from 'zod'
import { defineModel, type ModelOf } from '../model/model.ts'
import { address } from '../model/names.ts'

/** When a host was last looked at. */
export const WatcherRecord = defineModel({
  name: 'WatcherRecord',
  key: 'address',
  original: ['address', 'last_check'],
  schema: z.object({ address, last_check: z.string().default('') }),
})
export type WatcherRecord = ModelOf<typeof WatcherRecord>
