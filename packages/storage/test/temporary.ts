/** A directory that is gone after the tests of a file. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'

/** Gives a fresh directory at each call. */
export function temporaryDirectories(): () => string {
  const root = mkdtempSync(join(tmpdir(), 'commissaire-storage-'))
  afterAll(() => rmSync(root, { recursive: true, force: true }))
  return () => mkdtempSync(join(root, 'd-'))
}
