/**
 * Reads the certificates of a configuration, with clear errors for a missing file, a key of another certificate, and an
 * expired certificate.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** The paths, as a configuration has them. */
export interface CertificatePaths {
  readonly certificate_path?: string | undefined
  readonly certificate_key_path?: string | undefined
  readonly certificate_ca_path?: string | undefined
}

/** What the files hold, in PEM. */
export interface Certificates {
  readonly certificate: Buffer | undefined
  readonly key: Buffer | undefined
  readonly ca: Buffer | undefined
}

type Fault = (key: keyof CertificatePaths, message: string) => void

/** Reads the files. `fault` hears of everything that is wrong with one. */
export function readCertificates(paths: CertificatePaths, fault: Fault): Certificates {
  const read = (key: keyof CertificatePaths) => readFile(paths[key], (message) => fault(key, message))
  const files = {
    certificate: read('certificate_path'),
    key: read('certificate_key_path'),
    ca: read('certificate_ca_path'),
  }
  const certificate = parse(files.certificate, paths.certificate_path, (m) => fault('certificate_path', m))
  parse(files.ca, paths.certificate_ca_path, (message) => fault('certificate_ca_path', message))
  if (certificate && files.key) checkKey(certificate, files.key, { paths, fault })
  return files
}

function readFile(path: string | undefined, fault: (message: string) => void): Buffer | undefined {
  if (path === undefined) return undefined
  try {
    return readFileSync(path)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    const [cause, remedy] = reasons[String(code)] ?? [String(code), 'give the path of a file in PEM']
    fault(`is ${JSON.stringify(path)}, which ${cause}; ${remedy}`)
    return undefined
  }
}

const reasons: Record<string, [cause: string, remedy: string]> = {
  ENOENT: ['is not there', 'give the path of a file in PEM'],
  EACCES: ['may not be read', 'let the user that the service runs as read it'],
  EISDIR: ['is a directory', 'give the path of a file in PEM'],
}

function parse(
  content: Buffer | undefined,
  path: string | undefined,
  fault: (message: string) => void,
): X509Certificate | undefined {
  if (!content) return undefined
  const found = `is ${JSON.stringify(path)}, which`
  try {
    const certificate = new X509Certificate(content)
    const end = certificate.validToDate
    if (end < new Date()) fault(`${found} expired on ${end.toISOString().slice(0, 10)}; put a new one there`)
    return certificate
  } catch {
    fault(`${found} holds no certificate in PEM; it should begin with -----BEGIN CERTIFICATE-----`)
    return undefined
  }
}

function checkKey(
  certificate: X509Certificate,
  key: Buffer,
  { paths, fault }: { paths: CertificatePaths; fault: Fault },
): void {
  const found = `is ${JSON.stringify(paths.certificate_key_path)}, which`
  try {
    if (certificate.checkPrivateKey(createPrivateKey(key))) return
    fault(
      'certificate_key_path',
      `${found} belongs to another certificate than "certificate_path"; give its own`,
    )
  } catch {
    fault('certificate_key_path', `${found} holds no private key in PEM without a passphrase; give one`)
  }
}
