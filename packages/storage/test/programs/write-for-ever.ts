/** Saves the same fifty hosts again and again, each time all with the number of the turn; says each turn that is saved. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Host, parseModel } from '@commissaire/models'
import { Store } from '../../src/index.ts'

const [dataDir = ''] = process.argv.slice(2)

const store = await Store.open({}, { dataDir })
for (let turn = 1; ; turn++) {
  const models = Array.from({ length: 50 }, (_, number) => {
    return parseModel(Host, { address: `host-${number}`, zone: String(turn), os: 'x'.repeat(2000) })
  })
  await store.save(
    Host,
    models.map((model) => ({ model })),
  )
  process.stdout.write(`${turn}\n`)
  // Lets the process notice that nobody reads any more, and end.
  await nextTurn()
}
