/**
 * The public host keys that a host reports when it registers itself, and which of them is pinned.
 *
 * The report is authenticated, so the host is verified from the first SSH connection on.
 */
import { createHash } from 'node:crypto'
import { z } from 'zod'

/** The supported types, in order of preference. */
const keyTypes = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'ssh-rsa',
]

/** Lines of `/etc/ssh/ssh_host_*_key.pub`; comments are removed. */
export const HostKeys = z
  .array(
    z.string().refine(isPublicKey, { error: 'must be a public key, "TYPE BASE64", as in ssh_host_*.pub' }),
  )
  .max(16, { error: 'must be at most 16 keys' })
  .transform((lines) => lines.map(withoutComment))
  .refine((keys) => keys.length === 0 || pinOf(keys) !== '', {
    error: `must have a key of one of these types: ${keyTypes.join(', ')}`,
  })

/** Returns the key to pin; empty when there is none. */
export function pinOf(keys: readonly string[]): string {
  const ranked = keyTypes.flatMap((type) => keys.filter((key) => typeOf(key) === type))
  return ranked[0] ?? ''
}

/** Returns whether the pin, a key or its `SHA256:` fingerprint, is one of these keys. */
export function hasPinned(keys: readonly string[], pin: string): boolean {
  return keys.some((key) => key === withoutComment(pin) || fingerprint(key) === pin.replace(/=+$/, ''))
}

/** Checks that the type before the key equals the type in its first bytes. */
function isPublicKey(line: string): boolean {
  const [type = '', body = ''] = line.trim().split(/\s+/)
  if (!/^[A-Za-z0-9+/]{40,}={0,2}$/.test(body)) return false
  const blob = Buffer.from(body, 'base64')
  const length = blob.readUInt32BE(0)
  return length === type.length && blob.toString('latin1', 4, 4 + length) === type
}

const typeOf = (key: string): string => key.split(' ', 1)[0] ?? ''

const withoutComment = (line: string): string => line.trim().split(/\s+/).slice(0, 2).join(' ')

function fingerprint(key: string): string {
  const blob = Buffer.from(key.split(' ')[1] ?? '', 'base64')
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`
}
