/** Both handlers keep the contract. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, test } from 'vitest'
import { open as openMemory } from '../src/handlers/memory.ts'
import { open as openSqlite, options } from '../src/handlers/sqlite/sqlite.ts'
import { handlerContract, type MakeHandler } from '../src/testing.ts'

const directory = mkdtempSync(join(tmpdir(), 'commissaire-handlers-'))
afterAll(() => rmSync(directory, { recursive: true }))

let files = 0
const handlers: Record<string, MakeHandler> = {
  memory: openMemory,
  sqlite: () => openSqlite(options.parse({ path: `${++files}.db` }), { dataDir: directory }),
}

for (const [name, make] of Object.entries(handlers)) {
  describe(name, () => {
    for (const [sentence, check] of Object.entries(handlerContract)) test(sentence, () => check(make))
  })
}
