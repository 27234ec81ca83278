/** Reads the private key for a host, and refuses a key that the server could not use. */
import { readFile } from 'node:fs/promises'
import { text as readAll } from 'node:stream/consumers'
import { Failure } from '../cli/failure.ts'

/** The key file in base64, as the server wants it. `-` is standard input. */
export async function readKeyFile(path: string): Promise<string> {
  const key = path === '-' ? await readAll(process.stdin) : await read(path)
  const name = path === '-' ? 'Standard input' : path
  const fault = faultOf(key)
  if (fault) throw new Failure(`${name} ${fault}`)
  return Buffer.from(key).toString('base64')
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new Failure(`The key file ${path} could not be read: ${why}`, { cause })
  }
}

function faultOf(key: string): string | undefined {
  if (key.trim() === '') return 'is empty; it must hold a private key.'
  if (/^(ssh-|ecdsa-|sk-)\S+ AAAA/.test(key))
    return 'is a public key; give the private one, usually the same name without .pub.'
  if (!key.includes('PRIVATE KEY-----')) return 'holds no private key; it should begin with "-----BEGIN".'
  if (isEncrypted(key))
    return 'is protected by a passphrase, which the server cannot type. Give a key without one.'
  return undefined
}

function isEncrypted(key: string): boolean {
  if (key.includes('ENCRYPTED')) return true
  const body = /BEGIN OPENSSH PRIVATE KEY-----([^-]*)-----END/.exec(key)?.[1]
  if (body === undefined) return false
  const header = 'openssh-key-v1\0'
  const bytes = Buffer.from(body, 'base64')
  const length = bytes.length > header.length + 4 ? bytes.readUInt32BE(header.length) : 0
  const cipher = bytes.toString('latin1', header.length + 4, header.length + 4 + length)
  return length > 0 && cipher !== 'none'
}
