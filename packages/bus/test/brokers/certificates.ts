/** A private authority, a certificate of a broker and one of a client, made with openssl in a folder of their own. */

import { execFileSync } from 'node:child_process'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Paths of PEM files. */
export interface Certificates extends AsyncDisposable {
  readonly ca: string
  readonly server: { readonly cert: string; readonly key: string }
  readonly client: { readonly cert: string; readonly key: string }
}

export async function makeCertificates(): Promise<Certificates> {
  const folder = await mkdtemp(join(tmpdir(), 'commissaire-tls-'))
  const path = (name: string): string => join(folder, name)
  const openssl = (...args: string[]): void =>
    void execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  openssl(
    'req',
    '-x509',
    ...newKey,
    '-subj',
    '/CN=Test authority',
    '-days',
    '2',
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
  )
  await writeFile(path('names'), 'subjectAltName=DNS:broker.test,IP:127.0.0.1')
  for (const name of ['server', 'client']) {
    openssl('req', ...newKey, '-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.csr`)
    const issuer = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2']
    openssl('x509', '-req', '-in', `${name}.csr`, ...issuer, '-extfile', 'names', '-out', `${name}.pem`)
    await chmod(path(`${name}.key`), 0o644)
  }
  const pair = (name: string) => ({ cert: path(`${name}.pem`), key: path(`${name}.key`) })
  return {
    ca: path('ca.pem'),
    server: pair('server'),
    client: pair('client'),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}
