/**
 * Reads PEM files and says what is wrong with them: that they are not there, hold something else, do not belong
 * together, or are past their time. Faults are found at the start, not at the first connection.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { ConfigError } from '@commissaire/service'

const certificateForm = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g

/** The text of a file with a private key and the certificate that belongs to it, with its chain. */
export function readKeyAndCertificate(path: string): string {
  const text = readPem(path)
  const key = privateKey(text, path)
  const [own] = certificates(text, path)
  if (!own)
    throw fault(path, 'has a private key but no certificate; put the certificate and its chain after it')
  if (!own.checkPrivateKey(key)) {
    const subject = `its first certificate (${inWords(own)}) was made for another private key`
    throw fault(path, `${subject}; put the key and its own certificate into it, in front of the chain`)
  }
  requireTime(own, path)
  return text
}

/** The text of a file with certificates of authorities, of which one at least is not past its time. */
export function readAuthorities(path: string): string {
  const text = readPem(path)
  const [first, ...rest] = certificates(text, path)
  if (!first) throw fault(path, 'has no certificate; it must hold those of the authorities, as PEM')
  if (![first, ...rest].some((each) => isCurrent(each))) requireTime(first, path)
  return text
}

function readPem(path: string): string {
  const text = readText(path)
  if (text.trim() === '') throw fault(path, 'is empty')
  if (!text.includes('-----BEGIN ')) throw fault(path, 'is no PEM file: it has no line "-----BEGIN …-----"')
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
    throw fault(path, 'has no private key; it must hold the private key and the certificate, as PEM')
  }
  try {
    return createPrivateKey(text)
  } catch (cause) {
    const locked = /ENCRYPTED/.test(text)
    throw fault(
      path,
      locked ? 'has a private key with a passphrase; take it off' : 'has a broken private key',
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
    throw fault(path, 'has a broken certificate', { cause })
  }
}

function requireTime(certificate: X509Certificate, path: string): void {
  if (isCurrent(certificate)) return
  const { validFromDate, validToDate } = certificate
  const text =
    validToDate < new Date()
      ? `has a certificate (${inWords(certificate)}) that expired on ${validToDate.toISOString()}; renew it`
      : `has a certificate (${inWords(certificate)}) that is not valid before ${validFromDate.toISOString()}`
  throw fault(path, text)
}

function isCurrent({ validFromDate, validToDate }: X509Certificate): boolean {
  const now = new Date()
  return validFromDate <= now && now <= validToDate
}

const inWords = ({ subject }: X509Certificate) => subject.replaceAll('\n', ', ')

/** Of a setting that whoever reads the file knows by name. */
function fault(path: string, text: string, options: ErrorOptions = {}): ConfigError {
  return new ConfigError([{ setting: '', text: `is "${path}", which ${text}` }], options)
}
