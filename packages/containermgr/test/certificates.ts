/** A throw-away certificate authority, a server certificate and a client certificate of it, made by openssl. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Makes them in a folder that `remove` deletes. */
export class Certificates {
  readonly folder = mkdtempSync(join(tmpdir(), 'commissaire-certificates-'))

  constructor() {
    this.#openssl(
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      '2',
      '-subj',
      '/CN=Double CA',
      '-keyout',
      'ca.key',
      '-out',
      'ca.crt',
    )
    this.#sign('server', 'subjectAltName=IP:127.0.0.1')
    this.#sign('client', 'extendedKeyUsage=clientAuth')
  }

  path(file: string): string {
    return join(this.folder, file)
  }

  read(file: string): string {
    return readFileSync(this.path(file), 'utf8')
  }

  write(file: string, text: string): string {
    writeFileSync(this.path(file), text)
    return this.path(file)
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }

  #sign(name: string, extension: string): void {
    this.write(`${name}.ext`, `${extension}\n`)
    this.#openssl(
      'req',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-subj',
      `/CN=${name}`,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.csr`,
    )
    this.#openssl(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      '-CA',
      'ca.crt',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
      '-days',
      '2',
      '-extfile',
      `${name}.ext`,
      '-out',
      `${name}.crt`,
    )
  }

  #openssl(...options: string[]): void {
    execFileSync('openssl', options, { cwd: this.folder, stdio: 'pipe' })
  }
}
