/**
 * Reads and checks PEM files: whether they exist, contain what is needed, belong together and have not expired. Faults
 * are reported at start, not at the first connection.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { ConfigError } from '@commissaire/service'

const certificateForm = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g

/** Returns the text of a file with a private key, its certificate and the chain. Throws a ConfigError for a faulty one. */
export function readKeyAndCertificate(path: string): string {
  const text = readPem(path)
  const key = privateKey(text, path)
  const [own] = certificates(text, path)
  if (!own)
    throw fault(path, 'has a private key but no certificate; add the certificate and its chain after the key')
  if (!own.checkPrivateKey(key)) {
    const mismatch = `has a first certificate (${subjectOf(own)}) that belongs to another private key`
    throw fault(path, `${mismatch}; put the key and its own certificate before the chain`)
  }
  requireCurrent(own, path)
  return text
}

/** Returns the text of a file with certificates of authorities, at least one of which is valid now. */
export function readAuthorities(path: string): string {
  const text = readPem(path)
  const [first, ...rest] = certificates(text, path)
  if (!first) throw fault(path, 'has no certificate; it must contain the certificates of the authorities')
  if (![first, ...rest].some((each) => isCurrent(each))) requireCurrent(first, path)
  return text
}

function readPem(path: string): string {
  const text = readText(path)
  if (text.trim() === '') throw fault(path, 'is empty')
  if (!text.includes('-----BEGIN '))
    throw fault(path, 'is not a PEM file: it has no line "-----BEGIN …-----"')
  return text
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
    throw fault(path, `cannot be read: ${reasons[code] ?? code}`, { cause })
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file (ENOENT)',
  EACCES: 'this user may not read it (EACCES)',
  EISDIR: 'it is a folder (EISDIR)',
}

function privateKey(text: string, path: string): KeyObject {
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) {
    throw fault(path, 'has no private key; it must contain the private key and the certificate')
  }
  try {
    return createPrivateKey(text)
  } catch (cause) {
    const isEncrypted = /ENCRYPTED/.test(text)
    throw fault(
      path,
      isEncrypted
        ? 'has a private key with a passphrase; remove the passphrase'
        : 'has an invalid private key',
      {
        cause,
      },
    )
  }
}

function certificates(text: string, path: string): X509Certificate[] {
  try {
    return (text.match(certificateForm) ?? []).map((pem) => new X509Certificate(pem))
  } catch (cause) {
    throw fault(path, 'has an invalid certificate', { cause })
  }
}

function requireCurrent(certificate: X509Certificate, path: string): void {
  if (isCurrent(certificate)) return
  const { validFromDate, validToDate } = certificate
  const text =
    validToDate < new Date()
      ? `has a certificate (${subjectOf(certificate)}) that expired on ${validToDate.toISOString()}; renew it`
      : `has a certificate (${subjectOf(certificate)}) that is not valid before ${validFromDate.toISOString()}`
  throw fault(path, text)
}

function isCurrent({ validFromDate, validToDate }: X509Certificate): boolean {
  const now = new Date()
  return validFromDate <= now && now <= validToDate
}

const subjectOf = ({ subject }: X509Certificate) => subject.replaceAll('\n', ', ')

/** The caller adds the name of the setting. */
function fault(path: string, text: string, options: ErrorOptions = {}): ConfigError {
  return new ConfigError([{ setting: '', text: `is "${path}", which ${text}` }], options)
}
