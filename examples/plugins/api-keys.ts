/**
 * An authentication plugin: accepts programs with a key in `X-Api-Key`.
 *
 *     commissaire-server --authentication-plugin ./examples/plugins/api-keys.ts:filepath=/etc/commissaire/api-keys.json
 *
 * The file contains the SHA-256 of each user's key: `{"backup": "9f86d0…"}`. This is safe for keys that are long and
 * random; passwords chosen by people need a slow hash.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import type { Authenticator, AuthenticatorTools } from '@commissaire/server'

const Options = z.strictObject({ filepath: z.string() })
const Keys = z.record(z.string(), z.string().regex(/^[0-9a-f]{64}$/))

/** Called once, at the start. If it throws, the server ends with an error that names this entry of the configuration. */
export async function open(options: unknown, { log }: AuthenticatorTools): Promise<Authenticator> {
  const { filepath } = Options.parse(options)
  const keys = Object.entries(Keys.parse(JSON.parse(await readFile(filepath, 'utf8'))))
  log.info({ users: keys.length }, 'API keys are read')
  return {
    header: 'x-api-key',
    async authenticate({ headers }) {
      const shown = createHash('sha256').update(String(headers['x-api-key'])).digest()
      const known = keys.find(([, hash]) => timingSafeEqual(shown, Buffer.from(hash, 'hex')))
      return known && { user: known[0], rememberFor: 60_000 }
    },
  }
}
