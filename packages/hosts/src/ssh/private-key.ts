/** Validates a private key before it is used, so that an unreadable key is not mistaken for a refused one. */
import { createPrivateKey } from 'node:crypto'
import { HostError } from '../errors.ts'
import type { Ssh2 } from './client.ts'

/** The key in a form that ssh2 reads; PKCS#8, which it does not, is rewritten where Node can. */
export function readablePrivateKey(text: string, { address, ssh2 }: { address: string; ssh2: Ssh2 }): string {
  const key = text.includes('BEGIN PRIVATE KEY') ? fromPkcs8(text) : text
  const parsed = ssh2.utils.parseKey(key)
  if (parsed instanceof Error) throw invalid(address, parsed)
  if (!(Array.isArray(parsed) ? parsed[0] : parsed)?.isPrivateKey())
    throw invalid(address, new Error('it is a public key'))
  return key
}

function fromPkcs8(text: string): string {
  const key = createPrivateKey(text)
  const type = key.asymmetricKeyType === 'rsa' ? 'pkcs1' : key.asymmetricKeyType === 'ec' ? 'sec1' : undefined
  return type ? key.export({ type, format: 'pem' }).toString() : text
}

function invalid(address: string, cause: Error): HostError {
  const found = `The private key stored for ${address} cannot be used: ${cause.message}`
  return new HostError('key_invalid', found, { address, cause })
}
