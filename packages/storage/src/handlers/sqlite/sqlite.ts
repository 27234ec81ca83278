/**
 * Stores values in one SQLite file, which several processes may share.
 *
 * Write-ahead log with `synchronous = FULL`: a confirmed save survives a power cut as well as a crash, at the
 * cost of one flush of the disk for each save.
 */
import { mkdir, open as openFile, statfs } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { z } from 'zod'
import { conflict, requireExpected, StoreFault } from '../../faults.ts'
import type { Deletion, HandlerPage, Place, Stored, StoreHandler, Write, Written } from '../../handler.ts'
import { retryWhileLocked, translate } from './faults.ts'

/** What a sqlite handler can be told. */
export const options = z.strictObject({
  /** The database file; below the data directory unless absolute. */
  path: z.string().min(1, { error: 'must not be empty' }).default('commissaire.db'),
  /** `full`: what was answered survives a power cut. `normal`: faster, but a power cut may take the last saves. */
  synchronous: z.enum(['full', 'normal']).default('full'),
  /** How long a save waits, in milliseconds, while another process writes. */
  lock_timeout: z.int().nonnegative().default(10_000),
})

/** What it was told. */
export type SqliteOptions = z.infer<typeof options>

/** What it holds outlives the process. */
export const lasting = true

/** Opens the database, and makes it and its directory where there is none. */
export async function open(
  { path, synchronous, lock_timeout }: SqliteOptions,
  { dataDir }: { dataDir: string },
): Promise<StoreHandler> {
  const file = resolve(dataDir, path)
  try {
    await prepareFile(file)
    return await retryWhileLocked(() => new SqliteHandler(file, { synchronous, lock_timeout }), lock_timeout)
  } catch (cause) {
    throw translate(cause, `The store ${file} could not be opened`)
  }
}

/** SQLite would make the file readable by everybody. */
async function prepareFile(file: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  await (await openFile(file, 'a', 0o600)).close()
}

const schema = `
  CREATE TABLE IF NOT EXISTS models (
    model TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, revision INTEGER NOT NULL,
    PRIMARY KEY (model, key)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS revisions (one INTEGER PRIMARY KEY CHECK (one = 1), last INTEGER NOT NULL) STRICT;
  INSERT OR IGNORE INTO revisions VALUES (1, 0);
  PRAGMA user_version = 1;`

/** Hosts are filtered by these attributes, those that leave out most first. */
const indexed = ['status', 'reboot.needed', 'os']

const indexes = indexed.map(
  (path) =>
    `CREATE INDEX IF NOT EXISTS "host_${path}" ON models (${attribute(path)}, key) WHERE model = 'Host';`,
)

const statements = {
  get: 'SELECT model, key, value, revision FROM models WHERE model = ? AND key = ?',
  list: 'SELECT model, key, value, revision FROM models WHERE model = ? AND key >= ? AND key < ? ORDER BY key',
  put: 'INSERT OR REPLACE INTO models (model, key, value, revision) VALUES (?, ?, ?, ?)',
  delete: 'DELETE FROM models WHERE model = ? AND key = ?',
  next: 'UPDATE revisions SET last = last + 1 RETURNING last',
}

class SqliteHandler implements StoreHandler {
  readonly #file: string
  readonly #lockTimeout: number
  readonly #database: DatabaseSync
  readonly #statements: Record<keyof typeof statements, StatementSync>
  /** Statements of pages, by their text: there are as many as combinations of conditions. */
  readonly #pages = new Map<string, StatementSync>()

  constructor(file: string, { synchronous, lock_timeout }: Omit<SqliteOptions, 'path'>) {
    this.#file = file
    this.#lockTimeout = lock_timeout
    this.#database = openDatabase(file, synchronous)
    this.#statements = {
      get: this.#database.prepare(statements.get),
      list: this.#database.prepare(statements.list),
      put: this.#database.prepare(statements.put),
      delete: this.#database.prepare(statements.delete),
      next: this.#database.prepare(statements.next),
    }
  }

  get(place: Place): Promise<Stored | undefined> {
    return this.#attempt('read', () => this.#get(place))
  }

  list(model: string, prefix = ''): Promise<Stored[]> {
    const after = `${prefix}\u{10FFFF}`
    return this.#attempt('read', () => this.#statements.list.all(model, prefix, after).map(asStored))
  }

  page(model: string, { after, limit, equal, search }: HandlerPage): Promise<Stored[]> {
    const equals = Object.keys(equal).map((path) => `AND ${attribute(path)} = ?`)
    const likes = search?.paths.map((path) => `${attribute(path)} LIKE ? ESCAPE '\\'`) ?? []
    const found = likes.length > 0 ? `AND (${likes.join(' OR ')})` : ''
    // The name is in the text, as an index of one model is not used for a parameter.
    const sql = `SELECT model, key, value, revision FROM models ${indexFor(model, equal)} WHERE model = '${model}' AND key > ? ${equals.join(' ')} ${found} ORDER BY key LIMIT ?`
    const pattern = `%${(search?.text ?? '').replaceAll(/[\\%_]/g, String.raw`\$&`)}%`
    const values = [after, ...Object.values(equal), ...likes.map(() => pattern), limit]
    return this.#attempt('read', () =>
      this.#prepared(sql)
        .all(...values)
        .map(asStored),
    )
  }

  save(writes: readonly Write[]): Promise<Written[]> {
    return this.#transact(() => {
      const found = writes.map((write) => this.#check(write))
      return writes.map((write, index) => this.#put(write, found[index]))
    })
  }

  delete(deletions: readonly Deletion[]): Promise<(Stored | undefined)[]> {
    return this.#transact(() => {
      const found = deletions.map((deletion) => this.#get(deletion))
      requireExpected(deletions, found)
      if (found.every((stored) => stored !== undefined)) {
        for (const { model, key } of deletions) this.#statements.delete.run(model, key)
      }
      return found
    })
  }

  /** A small write may fit where a larger one does not, so that some room on the disk is required besides. */
  async probe(): Promise<void> {
    const { bavail, bsize } = await statfs(dirname(this.#file))
    if (bavail * bsize < neededRoom)
      throw new StoreFault('full', `The store ${this.#file}: its disk is full; make room`)
    await this.#transact(() => this.#statements.next.get())
  }

  async close(): Promise<void> {
    if (this.#database.isOpen) this.#database.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #prepared(sql: string): StatementSync {
    const known = this.#pages.get(sql) ?? this.#database.prepare(sql)
    this.#pages.set(sql, known)
    return known
  }

  #get({ model, key }: Place): Stored | undefined {
    const row = this.#statements.get.get(model, key)
    return row && asStored(row)
  }

  #check(write: Write): Stored | undefined {
    const found = this.#get(write)
    const { expected } = write
    if (expected === undefined || expected === (found?.revision ?? null)) return found
    throw conflict(write, expected, found?.revision)
  }

  #put({ model, key, value }: Write, found: Stored | undefined): Written {
    const revision = Number(this.#statements.next.get()?.['last'])
    this.#statements.put.run(model, key, value, revision)
    return { revision: String(revision), created: found === undefined }
  }

  /** Takes the write lock before it reads, so that nobody else comes between the check and the write. */
  #transact<T>(work: () => T): Promise<T> {
    return this.#attempt('written', () => {
      this.#database.exec('BEGIN IMMEDIATE')
      try {
        const result = work()
        this.#database.exec('COMMIT')
        return result
      } finally {
        // Some errors roll back by themselves.
        if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      }
    })
  }

  async #attempt<T>(verb: 'read' | 'written', work: () => T): Promise<T> {
    try {
      return await retryWhileLocked(work, this.#lockTimeout)
    } catch (cause) {
      throw translate(cause, `The store ${this.#file} could not be ${verb}`)
    }
  }
}

/** In bytes: a save with its part of the write-ahead log. */
const neededRoom = 2 ** 18

/** The short timeout blocks the whole process while it lasts; longer waits are `retryWhileLocked`'s, which does not. */
function openDatabase(file: string, synchronous: SqliteOptions['synchronous']): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: 20 })
  try {
    const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version'])
    if (version > 1)
      throw new Error(`it was written by a newer version (layout ${version}; this one knows 1)`)
    database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous};`)
    if (version === 0) database.exec(`BEGIN IMMEDIATE; ${schema} COMMIT`)
    database.exec(indexes.join('\n'))
    return database
  } catch (cause) {
    database.close()
    throw cause
  }
}

/** Names the index of an attribute that is asked for. By itself SQLite would rather walk through all hosts in their order. */
function indexFor(model: string, equal: HandlerPage['equal']): string {
  const path = model === 'Host' ? indexed.find((each) => each in equal) : undefined
  return path === undefined ? '' : `INDEXED BY "host_${path}"`
}

/** An attribute of a value as SQL; indexes are used for exactly this text. */
function attribute(path: string): string {
  return `CASE WHEN json_valid(value) THEN coalesce(json_extract(value, '$.${path}'), '') ELSE '' END`
}

function asStored(row: Record<string, unknown>): Stored {
  const { model, key, value, revision } = row
  return { model: String(model), key: String(key), value: String(value), revision: String(revision) }
}
