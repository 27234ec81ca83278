/** What only a database file can suffer: killed writers, a full disk, another process that holds the lock. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Host, Hosts, parseModel } from '@commissaire/models'
import { test } from 'vitest'
import { open, options } from '../src/handlers/sqlite/sqlite.ts'
import { Store } from '../src/index.ts'
import { startProgram } from './children.ts'
import { temporaryDirectories } from './temporary.ts'

const directory = temporaryDirectories()
const place = { model: 'Host', key: 'a' }
/** Starting a process takes long where others use the machine, too. */
const manyStarts = 120_000

/** Opens a handler on a fresh database file. */
async function fresh(settings: Partial<{ lock_timeout: number }> = {}) {
  const dataDir = directory()
  const handler = await open(options.parse(settings), { dataDir })
  return { handler, dataDir, file: join(dataDir, 'commissaire.db') }
}

test(
  'after kill -9 every batch is there as a whole or not at all, and none that was answered is missing',
  { timeout: manyStarts },
  async () => {
    const dataDir = directory()
    for (const turns of [1, 7, 20]) {
      const answered = await killAfter(turns, dataDir)
      await using store = await Store.open({}, { dataDir })
      const zones = new Set((await store.list(Hosts)).map(({ zone }) => zone))
      assert.equal(zones.size, 1)
      assert.ok(
        Number([...zones][0]) >= answered,
        `turn ${answered} was answered, ${[...zones].join()} is there`,
      )
    }
    using database = new DatabaseSync(join(dataDir, 'commissaire.db'))
    assert.deepEqual(Object.values(database.prepare('PRAGMA integrity_check').get() ?? {}), ['ok'])
  },
)

/** Lets a process write until it has answered for so many turns, kills it, and gives the last turn answered for. */
async function killAfter(turns: number, dataDir: string): Promise<number> {
  const child = startProgram('write-for-ever.ts', [dataDir])
  let answered = 0
  createInterface(child.stdout).on('line', (line) => {
    answered = Number(line)
    if (answered >= turns) child.kill('SIGKILL')
  })
  await once(child, 'close')
  assert.ok(answered >= turns, `the writer ended by itself after ${answered} turns`)
  return answered
}

test('a full disk is said in plain words, and what was there stays', async ({ skip }) => {
  const mount = directory()
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m,mode=700', 'tmpfs', mount], { stdio: 'pipe' })
  } catch (error) {
    if (process.env['CI']) throw error
    skip('a small disk can only be mounted by root: run the tests with sudo')
  }
  try {
    await fillAndRecover(mount)
  } finally {
    execFileSync('umount', ['--lazy', mount])
  }
})

async function fillAndRecover(mount: string): Promise<void> {
  await using store = await Store.open({}, { dataDir: mount })
  const host = parseModel(Host, { address: 'before', os: 'fedora' })
  await store.save(Host, [{ model: host }])
  const tooMuch = Array.from({ length: 40 }, (_, number) => {
    return { model: parseModel(Host, { address: `after-${number}`, os: 'x'.repeat(50_000) }) }
  })
  await assert.rejects(store.save(Host, tooMuch), {
    kind: 'full',
    message: `The store ${join(mount, 'commissaire.db')} could not be written: its disk is full. Nothing was changed; make room and try again`,
  })
  assert.deepEqual(await store.list(Hosts), [host])
  execFileSync('mount', ['-o', 'remount,size=20m', mount])
  await store.save(Host, tooMuch)
  assert.equal((await store.list(Hosts)).length, 41)
}

test('a save waits while another process writes, and the process goes on with other work meanwhile', async () => {
  const { handler, file } = await fresh()
  await using _ = handler
  const other = new DatabaseSync(file)
  other.exec('BEGIN IMMEDIATE')
  let saved = false
  const save = handler.save([{ ...place, value: '1' }]).then(() => (saved = true))
  for (let turn = 0; turn < 20; turn++) await nextTurn()
  assert.equal(saved, false)
  assert.equal(await handler.get(place), undefined, 'reading needs no lock')
  other.exec('COMMIT')
  other.close()
  await save
  assert.equal((await handler.get(place))?.value, '1')
})

test('a save gives up after the time it was given when the lock is never free', async () => {
  const { handler, file } = await fresh({ lock_timeout: 50 })
  await using _ = handler
  using other = new DatabaseSync(file)
  other.exec('BEGIN IMMEDIATE')
  await assert.rejects(handler.save([{ ...place, value: '1' }]), {
    kind: 'locked',
    message: /another process has been writing to it all the time; try again/,
  })
})

test('only the owner may read the database', async () => {
  const { handler, file } = await fresh()
  await using _ = handler
  await handler.save([{ ...place, value: '1' }])
  for (const each of [file, `${file}-wal`]) assert.equal(statSync(each).mode & 0o777, 0o600, each)
})

test('a file that is no database is left alone and said to be none', async () => {
  const dataDir = directory()
  writeFileSync(join(dataDir, 'commissaire.db'), 'Dear diary, '.repeat(1000))
  await assert.rejects(open(options.parse({}), { dataDir }), {
    kind: 'damaged',
    message:
      /could not be opened: it is no SQLite database; put back a backup, or move it away to begin anew/,
  })
  assert.equal(statSync(join(dataDir, 'commissaire.db')).size, 12_000)
})

test('a database that was cut short is said to be damaged', async () => {
  const { handler, dataDir, file } = await fresh()
  await handler.save(
    Array.from({ length: 100 }, (_, n) => ({ model: 'Host', key: `${n}`, value: 'x'.repeat(1000) })),
  )
  await handler.close()
  truncateSync(file, 8192)
  await assert.rejects(open(options.parse({}), { dataDir }), {
    kind: 'damaged',
    message: /its content is damaged; put back a backup/,
  })
})

test('a database of a newer layout is refused, and left as it is', async () => {
  const { handler, dataDir, file } = await fresh()
  await handler.close()
  const database = new DatabaseSync(file)
  database.exec('PRAGMA user_version = 2')
  database.close()
  await assert.rejects(open(options.parse({}), { dataDir }), {
    message: /could not be opened: it was written by a newer version \(layout 2; this one knows 1\)/,
  })
})

test('a data directory that cannot be made is said by name', async () => {
  const dataDir = directory()
  writeFileSync(join(dataDir, 'file'), '')
  await assert.rejects(Store.open({}, { dataDir: join(dataDir, 'file', 'below') }), /file\/below/)
})

test('a store that was made before is found again', async () => {
  const dataDir = directory()
  const host = parseModel(Host, { address: 'a', labels: { rack: '7' } })
  {
    await using store = await Store.open({}, { dataDir })
    await store.save(Host, [{ model: host }])
  }
  await using again = await Store.open({}, { dataDir })
  assert.deepEqual(await again.get(Host, 'a'), host)
})
