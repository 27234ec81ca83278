/** Certificates for tests, made by openssl: self-signed ones, ones of an authority, and ones that are past their time. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

/** A folder of certificates; disposing of it removes them. */
export class Certificates implements AsyncDisposable {
  readonly folder: string

  private constructor(folder: string) {
    this.folder = folder
  }

  static async open(): Promise<Certificates> {
    return new Certificates(await mkdtemp(join(tmpdir(), 'commissaire-tls-')))
  }

  at(name: string): string {
    return join(this.folder, name)
  }

  read(name: string): Promise<string> {
    return readFile(this.at(name), 'utf8')
  }

  async write(name: string, text: string): Promise<string> {
    await writeFile(this.at(name), text)
    return this.at(name)
  }

  /** Makes `<name>.key`, `<name>.crt` and, of both, `<name>.pem`: signed by itself. */
  async selfSigned(name: string, more: readonly string[] = ['-days', '1']): Promise<void> {
    const out = ['-keyout', this.at(`${name}.key`), '-out', this.at(`${name}.crt`)]
    await run('openssl', ['req', '-x509', ...curve, '-subj', `/CN=${name}`, ...out, ...more])
    await this.#join(name)
  }

  /** The same, signed by an authority that was made before. */
  async signedBy(authority: string, name: string, more: readonly string[] = ['-days', '1']): Promise<void> {
    const request = this.at(`${name}.csr`)
    const out = ['-keyout', this.at(`${name}.key`), '-out', request]
    await run('openssl', ['req', ...curve, '-subj', `/CN=${name}`, ...out])
    const by = ['-CA', this.at(`${authority}.crt`), '-CAkey', this.at(`${authority}.key`)]
    await run('openssl', ['x509', '-req', '-in', request, ...by, '-out', this.at(`${name}.crt`), ...more])
    await this.#join(name)
  }

  /** The same, signed by itself, for a time in the past or in the future: `20200101000000Z`. */
  async during(name: string, [start, end]: readonly [string, string]): Promise<void> {
    const request = this.at(`${name}.csr`)
    const config = await this.write(
      `${name}.cnf`,
      `[ca]\ndefault_ca=own\n[own]\nnew_certs_dir=${this.folder}\ndatabase=${await this.write(`${name}.db`, '')}\n` +
        `default_md=sha256\npolicy=any\nrand_serial=yes\n[any]\ncommonName=supplied\n`,
    )
    const key = this.at(`${name}.key`)
    await run('openssl', ['req', ...curve, '-subj', `/CN=${name}`, '-keyout', key, '-out', request])
    const time = ['-startdate', start, '-enddate', end]
    const own = ['-config', config, '-selfsign', '-keyfile', key, '-in', request]
    await run('openssl', ['ca', '-batch', '-notext', ...own, ...time, '-out', this.at(`${name}.crt`)])
    await this.#join(name)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true })
  }

  async #join(name: string): Promise<void> {
    await this.write(`${name}.pem`, (await this.read(`${name}.key`)) + (await this.read(`${name}.crt`)))
  }
}
