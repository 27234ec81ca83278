/**
 * Host keys as text: how they are written, fingerprinted and compared with a pin.
 *
 * A pin is what OpenSSH writes in known_hosts, `type base64`, or a fingerprint, `SHA256:…`. The first is better: it
 * also says which of its keys to ask the host for.
 */
import { createHash } from 'node:crypto'

/** The key in OpenSSH's one-line form, `ssh-ed25519 AAAA…`. */
export function formatHostKey(blob: Buffer): string {
  const length = blob.readUInt32BE(0)
  return `${blob.toString('latin1', 4, 4 + length)} ${blob.toString('base64')}`
}

/** What `ssh-keygen -l` shows of it: `SHA256:` and base64 without padding. */
export function fingerprint(key: string): string {
  if (key.startsWith('SHA256:')) return key.replace(/=+$/, '')
  const blob = Buffer.from(key.trim().split(/\s+/)[1] ?? '', 'base64')
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`
}

/** The type that a pin names; undefined when it is a fingerprint. */
export function pinnedType(pin: string): string | undefined {
  return pin.startsWith('SHA256:') ? undefined : pin.trim().split(/\s+/)[0]
}

/** Whether the host's key is the pinned one. A comment behind a pinned key counts for nothing. */
export function matchesPin(key: string, pin: string): boolean {
  return fingerprint(key) === fingerprint(pin.trim())
}
