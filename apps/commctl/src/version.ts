/** The version of this package. */
import { readFileSync } from 'node:fs'
import { member, textOf } from './client/json-value.ts'

/** Reads the version from the package's manifest. */
export function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  return textOf(member(manifest, 'version')) ?? 'unknown'
}
