/**
 * Hosts that register themselves at their first boot, over TLS: they become active with nobody doing anything, wait for a
 * server that is not up yet, and nobody can answer in their place.
 */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Lab, type LabHost, whyNoLab } from '@commissaire/lab'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { command, outputLog, seed } from './cloud-init.ts'
import { startSystemUnderTest, type SystemUnderTest } from './system.ts'
import { freePort, until } from '@commissaire/testing'

const reason = whyNoLab()
if (reason && process.env.CI) throw new Error(reason)
if (reason) console.warn(`SKIPPED: hosts that register themselves. ${reason}`)

const commctl = resolve(import.meta.dirname, '../../apps/commctl/bin/commctl.js')

interface Host {
  readonly status: string
  readonly status_reason: string
  readonly host_key: string
}

describe.skipIf(reason !== undefined)('a host that registers itself', { timeout: 300_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'self-registration-'))
  const file = (name: string) => join(folder, name)
  let lab: Lab
  let system: SystemUnderTest
  let endpoint: string
  let password: string

  beforeAll(async () => {
    lab = await Lab.up({ count: 3 })
    const gateway = lab.subnet.replace('0/24', '1')
    const port = await freePort(gateway)
    endpoint = `https://${gateway}:${port}`
    certify(gateway)
    const where = `--listen-interface ${gateway} --listen-port ${port} --tls-pemfile ${file('server.pem')}`
    system = await startSystemUnderTest(...where.split(' '), '--watch-interval', '3')
    trustCertificate()
    await system.commctl('cluster', 'create', 'web')
  }, 600_000)

  afterAll(async () => {
    await system?.[Symbol.asyncDispose]()
    await lab?.down()
    rmSync(folder, { recursive: true })
  }, 120_000)

  /** Makes the server's certificate, which signs itself. */
  function certify(address: string): void {
    const kind = [
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-days',
      '2',
    ]
    const names = ['-subj', '/CN=commissaire', '-addext', `subjectAltName=IP:${address}`]
    execFileSync('openssl', ['req', ...kind, ...names, '-keyout', file('key.pem'), '-out', file('ca.pem')], {
      stdio: 'ignore',
    })
    writeFileSync(
      file('server.pem'),
      readFileSync(file('key.pem'), 'utf8') + readFileSync(file('ca.pem'), 'utf8'),
    )
  }

  function trustCertificate(): void {
    const path = join(system.folder, 'credentials.json')
    const credentials = JSON.parse(readFileSync(path, 'utf8'))
    password = credentials.password
    writeFileSync(path, JSON.stringify({ ...credentials, certificate_ca_path: file('ca.pem') }))
  }

  /** Writes a user-data file with the program, and reads it. */
  function userData(...words: string[]): string {
    const server = ['-e', endpoint, '--ca-file', file('ca.pem'), '-u', 'admin', '-p', '-o', file('user-data')]
    const { status, stderr } = spawnSync(process.execPath, [commctl, 'user-data', ...server, ...words], {
      input: password,
      encoding: 'utf8',
    })
    assert.equal(status, 0, stderr)
    assert.equal(statSync(file('user-data')).mode & 0o777, 0o600)
    return readFileSync(file('user-data'), 'utf8')
  }

  const hasStatus = ({ address }: LabHost, status: string) =>
    until(async () => {
      const { stdout } = await system.commctl('host', 'get', address, '-o', 'json')
      const found: Host | null = stdout ? JSON.parse(stdout) : null
      return found?.status === status && found
    }, `${address} is ${status}`)

  const said = async (host: LabHost): Promise<string> => (await host.ssh(`cat ${outputLog}`)).stdout

  test('boots, and is active in its cluster, with the key pinned that it reported', async () => {
    const host = lab.host('web1')
    writeFileSync(file('cloud.cfg'), '#cloud-config\nwrite_files:\n- {path: /etc/carried, content: along}\n')
    await seed(host, userData('-c', 'web', '-C', file('cloud.cfg')))
    await host.reboot()
    const found = await hasStatus(host, 'active')
    assert.ok(host.hostKey.startsWith(found.host_key) && found.host_key !== '')
    assert.equal(await command(host, 'cat /etc/carried'), 'along')
    const log = await said(host)
    assert.equal(log, `commissaire: this host is registered with ${endpoint}\n`)
  })

  test('keeps its secrets to root, and may run its script again', async () => {
    const host = lab.host('web1')
    assert.equal(await command(host, 'stat -c "%a %U" /root/.ssh/commissaire'), '600 root\n')
    const keys = await command(host, 'cat /root/.ssh/authorized_keys')
    const again = await host.ssh('sh -x /var/lib/cloud/instance/scripts/zz-commissaire-register')
    assert.equal(again.code, 0, again.stderr)
    assert.equal(await command(host, 'cat /root/.ssh/authorized_keys'), keys)
    const basic = Buffer.from(`admin:${password}`).toString('base64')
    const key = await command(host, 'base64 -w0 /root/.ssh/commissaire')
    for (const secret of [password, basic, key.slice(0, 60)])
      assert.ok(!`${again.stdout}${again.stderr}`.includes(secret), 'not even sh -x shows a secret')
    assert.equal(await command(host, 'find /tmp -name "tmp.*"'), '')
  })

  test('waits for a server that is not up yet, and is then reached as a user of its own', async () => {
    const host = lab.host('web2')
    await seed(host, userData('-c', 'web', '-r', 'ops2', '-s', '/etc/commissaire/key'))
    await system.killAndRestart(async () => {
      await host.reboot()
      await until(async () => (await said(host)).includes('Failed to connect'), 'the server is missed')
    })
    await hasStatus(host, 'active')
    const { stdout } = await system.commctl('host', 'ssh', host.address, 'sudo -n id -un; whoami')
    assert.equal(stdout, 'root\nops2\n')
  })

  test('cannot be impersonated: whoever answers with another key in its place is refused', async () => {
    const host = lab.host('web3')
    const impostor = `[Unit]
[Service]
RuntimeDirectory=sshd
ExecStart=/usr/sbin/sshd -D -f /etc/impostor/config
[Install]
WantedBy=multi-user.target
`
    await seed(host, userData('-c', 'web'))
    await command(
      host,
      [
        'mkdir /etc/impostor',
        'ssh-keygen -q -t ed25519 -N "" -f /etc/impostor/key',
        'printf "HostKey /etc/impostor/key\\nUsePAM yes\\n" > /etc/impostor/config',
        `printf %s '${impostor}' > /etc/systemd/system/impostor.service`,
        'systemctl disable ssh',
        'systemctl enable impostor',
        // The connection ends with the host, so its status says nothing.
        '(sleep 0.2; systemctl reboot) >/dev/null 2>&1 &',
      ].join('\n'),
    )
    const found = await hasStatus(host, 'failed')
    assert.match(found.status_reason, /^host_key_changed/)
    assert.ok(host.hostKey.startsWith(found.host_key) && found.host_key !== '')
  })

  test('with wrong credentials gives up at once, and says why', async () => {
    const host = lab.host('web1')
    await seed(host, userData().replaceAll(/Authorization: Basic \S+"/g, 'Authorization: Basic eDp5"'))
    const { code, stderr } = await host.ssh('/var/lib/cloud/instance/scripts/zz-commissaire-register')
    assert.equal(code, 1)
    assert.match(stderr, /refused the credentials \(403\)/)
  })

  test('trusts no server whose certificate it cannot check, and gives up after its time', async () => {
    const host = lab.host('web1')
    await seed(host, userData().replaceAll(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g, ''))
    const script = '/var/lib/cloud/instance/scripts/zz-commissaire-register'
    const { code, stderr } = await host.ssh(`COMMISSAIRE_PATIENCE=3 ${script}`)
    assert.equal(code, 1)
    assert.match(stderr, /SSL certificate problem/)
    assert.match(stderr, /gave up after 3 seconds/)
  })
})
