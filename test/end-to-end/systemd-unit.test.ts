/**
 * The all-in-one unit on a real host, as the guide installs it: under a real systemd, closed off as the unit says, the program
 * becomes ready, serves, reaches a host over SSH, and ends in order.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Lab, type LabHost, whyNoLab } from '@commissaire/lab'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { command } from './cloud-init.ts'
import { until } from '@commissaire/testing'

const reason = whyNoLab()
if (reason && process.env.CI) throw new Error(reason)
if (reason) console.warn(`SKIPPED: the systemd unit on a real host. ${reason}`)

const root = resolve(import.meta.dirname, '../..')

/** What only those need who work on the sources. */
const unneeded = [
  '@typescript',
  '@oxlint*',
  '@rolldown',
  '@oxfmt',
  '@types',
  '@vitest',
  'vitest',
  'vite',
  'typescript',
]
  .concat('oxlint*', 'oxfmt', 'lightningcss*', 'node', '.cache')
  .map((name) => `--exclude=node_modules/${name}`)

describe.skipIf(reason !== undefined)('the unit commissaire.service', { timeout: 300_000 }, () => {
  let lab: Lab
  let host: LabHost

  beforeAll(async () => {
    lab = await Lab.up({ count: 1, diskSize: '800m' })
    host = lab.host('web1')
    copy('/opt/commissaire', ['-C', root, ...unneeded, 'package.json', 'node_modules', 'packages', 'apps'])
    copy('/usr/local/bin', ['-C', resolve(process.execPath, '..'), 'node'])
    for (const name of ['commissaire', 'commctl'])
      await command(host, `ln -s /opt/commissaire/apps/${name}/bin/${name}.js /usr/bin/${name}`)
    await install('commissaire.sysusers', '/usr/lib/sysusers.d/commissaire.conf')
    await install('commissaire.service', '/etc/systemd/system/commissaire.service')
    await command(host, 'systemd-sysusers && systemctl daemon-reload')
  }, 600_000)

  afterAll(async () => lab?.down(), 120_000)

  /** Copies files to a folder of the host. */
  function copy(to: string, what: readonly string[]): void {
    const ssh = `ssh -F none -i ${lab.privateKeyPath} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR`
    const line = `tar -c "$@" | ${ssh} root@${host.address} 'mkdir -p ${to} && tar -x --no-same-owner -C ${to}'`
    execFileSync('bash', ['-o', 'pipefail', '-c', line, 'copy', ...what], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
  }

  async function install(name: string, path: string): Promise<void> {
    const base64 = readFileSync(join(root, 'conf/systemd', name)).toString('base64')
    await command(host, `mkdir -p $(dirname ${path}) && echo ${base64} | base64 -d > ${path}`)
  }

  const shown = async (what: string) => (await command(host, `systemctl show -P ${what} commissaire`)).trim()

  test('is up when the program is ready, as a user of its own', async () => {
    const { code } = await host.ssh('systemctl enable --now commissaire')
    assert.equal(code, 0, (await host.ssh('journalctl -u commissaire -n 30 --no-pager')).stdout)
    assert.match(await shown('StatusText'), /^Serving on http:/)
    assert.equal(
      await command(host, 'ps -o user= -p $(systemctl show -P MainPID commissaire)'),
      'commissaire\n',
    )
    assert.equal(await command(host, 'stat -c "%a %U" /var/lib/commissaire'), '700 commissaire\n')
    const status = await command(
      host,
      'grep -h -e NoNewPrivs -e Seccomp: -e CapBnd /proc/$(systemctl show -P MainPID commissaire)/status',
    )
    assert.match(status, /CapBnd:\s+0000000000000000\n/)
    assert.match(status, /NoNewPrivs:\s+1\n/)
    assert.match(status, /Seccomp:\s+2\n/)
  })

  test('serves, and reaches a host over SSH', async () => {
    await command(
      host,
      'ssh-keygen -q -t ed25519 -N "" -f /root/key && cat /root/key.pub >> /root/.ssh/authorized_keys',
    )
    await command(host, 'commctl cluster create web && commctl host create -c web 127.0.0.1 /root/key')
    await until(
      async () => (await command(host, 'commctl host get 127.0.0.1')).includes('status: active'),
      'the host is active',
    )
  })

  test('ends in order when it is told to', async () => {
    await command(host, 'systemctl stop commissaire')
    assert.deepEqual(
      [await shown('Result'), await shown('ExecMainStatus'), await shown('NRestarts')],
      ['success', '0', '0'],
    )
  })
})
