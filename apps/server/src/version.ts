/** The version of this package, read from its package.json. */
import { readFileSync } from 'node:fs'

/** The version. */
export const version: string = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
).version
