/** A certificate authority made with openssl, and certificates that it signed, as an operator would make them. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Paths of a certificate and its key. */
export interface KeyPair {
  readonly certificate: string
  readonly key: string
}

/** Paths of an authority's certificate, and of those it signed; all is gone when it is disposed of. */
export interface Authority extends Disposable {
  readonly ca: string
  /** For serving only, on localhost: it may not be used as a client's. */
  readonly server: KeyPair
  readonly client: KeyPair
  /** Its time was over yesterday. */
  readonly expired: KeyPair
}

const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

/** Makes an authority. */
export function makeAuthority(): Authority {
  const directory = mkdtempSync(join(tmpdir(), 'commissaire-certificates-'))
  const openssl = (...args: readonly string[]) =>
    execFileSync('openssl', args, { cwd: directory, stdio: ['ignore', 'ignore', 'pipe'] })
  const at = (name: string) => join(directory, name)
  openssl(
    'req',
    '-x509',
    ...curve,
    '-days',
    '2',
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-subj',
    '/CN=Test authority',
  )
  const sign = (name: string, usage: string, time: readonly string[] = ['-days', '2']): KeyPair => {
    openssl('req', ...curve, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`)
    writeFileSync(at('ext'), `subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=${usage}\n`)
    const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'ext']
    openssl('x509', '-req', '-in', `${name}.csr`, ...by, ...time, '-out', `${name}.pem`)
    return { certificate: at(`${name}.pem`), key: at(`${name}.key`) }
  }
  return {
    ca: at('ca.pem'),
    server: sign('server', 'serverAuth'),
    client: sign('client', 'clientAuth'),
    expired: sign('expired', 'clientAuth', ['-days', '-1']),
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  }
}
