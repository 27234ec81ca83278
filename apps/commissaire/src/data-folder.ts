/**
 * The folder in which everything rests that must survive a restart: database, keys and the first user's credentials.
 * Only its owner may read it, and one process at a time may use it.
 */
import { chmodSync, existsSync, mkdirSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { defaultDataDir } from '@commissaire/storage'

const OWNER_ONLY = 0o700
const LOCK = 'in-use.lock'

/** An open data folder, with the paths of what lies in it. */
export interface DataFolder extends Disposable {
  readonly path: string
  /** The embedded database. */
  readonly database: string
  /** The key under which secrets are sealed. */
  readonly sealingKey: string
  /** Who may log in: names and password hashes. */
  readonly users: string
  /** Endpoint, name and password of the first user, as `commctl` reads them. */
  readonly credentials: string
}

/** Where data goes when nobody says where: `$COMMISSAIRE_DATA`, else the system's or the user's own place. */
export function defaultDataFolder(environment: NodeJS.ProcessEnv = process.env): string {
  if (environment.COMMISSAIRE_DATA) return environment.COMMISSAIRE_DATA
  if (process.getuid?.() === 0) return defaultDataDir
  return join(environment.XDG_DATA_HOME ?? join(homedir(), '.local', 'share'), 'commissaire')
}

/**
 * Opens the folder, making it when it is not there, and holds it until disposed of or until the process ends.
 * @throws Error when it cannot be made, when others may look into it and that cannot be mended, or when another
 *   process holds it.
 */
export function openDataFolder(path: string): DataFolder {
  mkdirSync(path, { recursive: true, mode: OWNER_ONLY })
  if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, OWNER_ONLY)
  const lock = hold(path)
  return {
    path,
    database: join(path, 'commissaire.db'),
    sealingKey: join(path, 'sealing.key'),
    users: join(path, 'users.json'),
    credentials: join(path, 'credentials.json'),
    [Symbol.dispose]: () => lock.close(),
  }
}

/** Whether a `commissaire` has used this directory as its data folder. */
export function isDataFolder(path: string): boolean {
  return existsSync(join(path, LOCK))
}

/** An exclusive transaction that is never finished: the kernel lets go of it however the process ends. */
function hold(path: string): DatabaseSync {
  const lock = new DatabaseSync(join(path, LOCK))
  try {
    lock.exec('PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE')
    return lock
  } catch (cause) {
    lock.close()
    throw new Error(
      `The data folder ${path} is in use by another commissaire. Stop that one, or give this one a folder of its own with --data.`,
      { cause },
    )
  }
}
