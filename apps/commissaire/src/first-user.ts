/**
 * The user that the first start makes, so that nobody has to configure anything and yet nobody is let in unasked.
 *
 * The password is random and only in `credentials.json`, which its owner alone can read and `commctl` reads by itself.
 */
import { randomBytes, scryptSync } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { z } from 'zod'
import type { DataFolder } from './data-folder.ts'

const USERNAME = 'admin'
const OWNER_ONLY = 0o600

/** What `credentials.json` holds. */
const StoredCredentials = z.object({ endpoint: z.string(), username: z.string(), password: z.string() })

/** Makes the first user unless there is one. Returns whether it did. */
export function ensureFirstUser(folder: DataFolder): boolean {
  if (existsSync(folder.users)) return false
  const password = randomBytes(18).toString('base64url')
  writeSafely(folder.credentials, { endpoint: '', username: USERNAME, password })
  writeSafely(folder.users, { [USERNAME]: { hash: hashOf(password) } })
  return true
}

/** Writes where the server listens into the credentials, for `commctl`. Leaves alone what somebody removed. */
export function recordEndpoint(folder: DataFolder, endpoint: string): void {
  if (!existsSync(folder.credentials)) return
  const credentials = StoredCredentials.parse(JSON.parse(readFileSync(folder.credentials, 'utf8')))
  if (credentials.endpoint !== endpoint) writeSafely(folder.credentials, { ...credentials, endpoint })
}

/**
 * scrypt as the server's authentication reads it. The password has 144 random bits, so the cost guards it enough that
 * keeps the first start short.
 */
function hashOf(password: string): string {
  const [ln, r, p] = [12, 8, 1]
  const salt = randomBytes(16)
  const key = scryptSync(password, salt, 32, { N: 2 ** ln, r, p })
  const text = (bytes: Buffer) => bytes.toString('base64').replaceAll('=', '')
  return `$scrypt$ln=${ln},r=${r},p=${p}$${text(salt)}$${text(key)}`
}

/** Whole or not at all, and never readable by others. */
function writeSafely(path: string, content: object): void {
  const draft = `${path}.new`
  writeFileSync(draft, `${JSON.stringify(content, null, 2)}\n`, { mode: OWNER_ONLY, flush: true })
  renameSync(draft, path)
}
