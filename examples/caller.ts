/**
 * Calls the simple service. The types come from its class; its code is not loaded.
 *
 *     npm run -s example -- caller --bus-uri redis://127.0.0.1:6379/
 */
import { parseArgs } from 'node:util'
import { BusError, connect } from '@commissaire/service'
import type { SimpleService } from './simple-service.ts'

const { values } = parseArgs({
  options: { 'bus-uri': { type: 'string', default: 'redis://127.0.0.1:6379/' } },
})

await using bus = await connect(values['bus-uri'])
const simple = bus.client<SimpleService>('simple', { timeout: 5_000 })

console.log(await simple.add(1, 2))
console.log(await simple.wordy_add(3, 4))
try {
  await simple.fail()
} catch (error) {
  if (error instanceof BusError)
    console.log(`${error.code} ${error.message} (${String(error.data['exception'])})`)
}
