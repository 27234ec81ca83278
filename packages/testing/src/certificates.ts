/** Certificates made by openssl in a folder of their own, as an operator would make them. */
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

/** A folder of certificates and other files. Each certificate `name` has `name.crt`, `name.key` and, of both, `name.pem`. */
export class CertificateFolder implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'commissaire-certificates-'))

  at(name: string): string {
    return join(this.folder, name)
  }

  read(name: string): string {
    return readFileSync(this.at(name), 'utf8')
  }

  /** Writes a file and returns its path. */
  write(name: string, text: string): string {
    writeFileSync(this.at(name), text)
    return this.at(name)
  }

  /** Makes a certificate that is signed by itself. `more` is handed to openssl. */
  selfSigned(name: string, more: readonly string[] = ['-days', '2']): void {
    const out = ['-keyout', `${name}.key`, '-out', `${name}.crt`]
    this.#openssl('req', '-x509', ...newKey, '-subj', `/CN=${name}`, ...out, ...more)
    this.#join(name)
  }

  /** Makes a certificate that is signed by another one. */
  signedBy(authority: string, name: string, more: readonly string[] = ['-days', '2']): void {
    this.#request(name)
    const by = ['-CA', `${authority}.crt`, '-CAkey', `${authority}.key`, '-CAcreateserial']
    this.#openssl('x509', '-req', '-in', `${name}.csr`, ...by, '-out', `${name}.crt`, ...more)
    this.#join(name)
  }

  /** Makes a certificate that is signed by itself and valid between two times, such as `20200101000000Z`. */
  during(name: string, [start, end]: readonly [string, string]): void {
    this.write(`${name}.db`, '')
    const own = `[own]\nnew_certs_dir=.\ndatabase=${name}.db\ndefault_md=sha256\npolicy=any\nrand_serial=yes\n`
    this.write(`${name}.cnf`, `[ca]\ndefault_ca=own\n${own}[any]\ncommonName=supplied\n`)
    this.#request(name)
    const signing = ['-config', `${name}.cnf`, '-selfsign', '-keyfile', `${name}.key`, '-in', `${name}.csr`]
    const time = ['-startdate', start, '-enddate', end]
    this.#openssl('ca', '-batch', '-notext', ...signing, ...time, '-out', `${name}.crt`)
    this.#join(name)
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true })
  }

  #request(name: string): void {
    const out = ['-keyout', `${name}.key`, '-out', `${name}.csr`]
    this.#openssl('req', ...newKey, '-subj', `/CN=${name}`, ...out)
  }

  /** A server that runs as another user reads its key, too. */
  #join(name: string): void {
    chmodSync(this.at(`${name}.key`), 0o644)
    this.write(`${name}.pem`, this.read(`${name}.key`) + this.read(`${name}.crt`))
  }

  #openssl(...args: readonly string[]): void {
    execFileSync('openssl', args, { cwd: this.folder, stdio: ['ignore', 'ignore', 'pipe'] })
  }
}

/** Paths of a certificate and its key. */
export interface CertificatePaths {
  readonly certificate: string
  readonly key: string
}

/** An authority and certificates that it signed; all are removed when it is disposed of. */
export interface Authority extends Disposable {
  readonly files: CertificateFolder
  /** The path of its own certificate. */
  readonly ca: string
  /** For servers only, on `localhost`, `broker.test` and 127.0.0.1. */
  readonly server: CertificatePaths
  /** For clients only. */
  readonly client: CertificatePaths
  /** For clients, and expired since yesterday. */
  readonly expired: CertificatePaths
}

const names = 'subjectAltName=DNS:localhost,DNS:broker.test,IP:127.0.0.1'

/** Makes an authority. */
export function makeAuthority(): Authority {
  const files = new CertificateFolder()
  files.selfSigned('ca')
  const sign = (name: string, usage: string, days = '2'): CertificatePaths => {
    files.write('extensions', `${names}\nextendedKeyUsage=${usage}\n`)
    files.signedBy('ca', name, ['-extfile', 'extensions', '-days', days])
    return { certificate: files.at(`${name}.crt`), key: files.at(`${name}.key`) }
  }
  return {
    files,
    ca: files.at('ca.crt'),
    server: sign('server', 'serverAuth'),
    client: sign('client', 'clientAuth'),
    expired: sign('expired', 'clientAuth', '-1'),
    [Symbol.dispose]: () => files[Symbol.dispose](),
  }
}
