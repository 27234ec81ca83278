/**
 * What goes round on the watcher's queue: which host is to be looked at, and when it last was.
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
