/** Whether a host needs a reboot: four answers, by the family's tool and by signs, in one round trip. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { connect, gatherFacts, rebootNeeded, type RebootReport, type Remote } from '../src/index.ts'
import { runTogether } from '../src/command/run-together.ts'
import { type Call, FakeHost, type Reply, type SystemName } from '../src/testing.ts'
import { factsOf } from './facts-of.ts'

/** What the tool and the question for services end with on a host, and the signs that lie about there. */
interface Told {
  readonly tool: { readonly code: number; readonly out?: readonly string[]; readonly err?: string }
  readonly services?: { readonly code: number; readonly out?: readonly string[] }
  readonly signs?: readonly string[]
}

async function ask(system: SystemName, told: Told, lines: readonly string[] = []): Promise<RebootReport> {
  const asked: string[] = []
  const respond = ({ command }: Call): Reply | undefined => {
    if (!command.includes('reboot_signs')) return undefined
    asked.push(command)
    return { stdout: answer(told) }
  }
  await using host = await FakeHost.start({ system, respond })
  host.lines = lines
  await using remote = await connect(host.target())
  const report = await rebootNeeded(remote, await gatherFacts(remote))
  expect(asked).toHaveLength(1)
  return report
}

function answer({ tool, services = { code: 127 }, signs = [] }: Told): string {
  const lines = (index: number, kind: string, values: readonly string[] = []) =>
    values.map((value) => `${index}.${kind}=${value}`)
  return [
    ...lines(0, 'code', [String(tool.code)]),
    ...lines(0, 'out', tool.out),
    ...lines(0, 'err', tool.err ? [tool.err] : []),
    ...lines(1, 'code', [String(services.code)]),
    ...lines(1, 'out', services.out),
    ...lines(2, 'out', signs),
    '',
  ].join('\n')
}

const missing = { code: 127 } as const
const kernel = (running: string, ...installed: string[]) => [
  `kernel=${running}`,
  ...installed.map((version) => `kernel.boot=${version}`),
]
const flag = 'flag./run/reboot-required=*** System restart required ***'

test.each<[string, SystemName, Told, RebootReport['answer'], string]>([
  [
    'the flag of Debian',
    'debian',
    { tool: { code: 0, out: ['flag', 'libc6'] } },
    'yes',
    '/run/reboot-required',
  ],
  ['needrestart', 'debian', { tool: { code: 0, out: ['NEEDRESTART-KSTA: 1'] } }, 'no', 'needrestart'],
  [
    'no needrestart and a newer kernel',
    'debian',
    { tool: missing, signs: kernel('6.1.0-18-amd64', '6.1.0-18-amd64', '6.1.0-21-amd64') },
    'yes',
    'installed kernels',
  ],
  [
    'no needrestart and the newest kernel',
    'debian',
    { tool: missing, signs: kernel('6.1.0-21-amd64', '6.1.0-18-amd64', '6.1.0-21-amd64') },
    'no',
    'installed kernels',
  ],
  [
    'no needrestart and no known kernel',
    'debian',
    { tool: missing, signs: kernel('6.1.0') },
    'unknown',
    'installed kernels',
  ],
  [
    'dnf 4 that says so',
    'rocky',
    { tool: { code: 1, out: ['Reboot is required to …'] } },
    'yes',
    'dnf needs-restarting -r',
  ],
  ['dnf 4 that says not', 'rocky', { tool: { code: 0 } }, 'no', 'dnf needs-restarting -r'],
  [
    'dnf 4 without its plugin and the newest kernel',
    'rocky',
    {
      tool: { code: 1, err: 'No such command: needs-restarting.' },
      signs: kernel('5.14.0-503.el9.x86_64', '5.14.0-503.el9.x86_64'),
    },
    'unknown',
    'dnf needs-restarting -r',
  ],
  [
    'dnf 4 without its plugin and a newer kernel',
    'rocky',
    {
      tool: { code: 1, err: 'No such command: needs-restarting.' },
      signs: kernel('5.14.0-503.el9.x86_64', '5.14.0-503.el9.x86_64', '5.14.0-570.el9.x86_64'),
    },
    'yes',
    'installed kernels',
  ],
  [
    'yum without yum-utils',
    'centos7',
    { tool: missing, signs: kernel('3.10.0-1.el7.x86_64', '3.10.0-1.el7.x86_64') },
    'unknown',
    'needs-restarting -r',
  ],
  ['dnf 5', 'fedora', { tool: { code: 1, out: ['Reboot is required'] } }, 'yes', 'dnf5 needs-restarting'],
  ['zypper that says so', 'leap', { tool: { code: 102 } }, 'yes', 'zypper needs-rebooting'],
  [
    'zypper that is locked',
    'sles',
    { tool: { code: 7 }, signs: kernel('6.4.0-1-default', '6.4.0-1-default') },
    'unknown',
    'zypper needs-rebooting',
  ],
  [
    'a zypper too old to be asked, and the flag',
    'leap',
    { tool: { code: 1 }, signs: ['kernel=6.4.0-1-default', 'flag./run/reboot-needed='] },
    'yes',
    '/run/reboot-needed',
  ],
  [
    'a waiting snapshot',
    'microos',
    { tool: { code: 0, out: ['needed kexec'] } },
    'yes',
    '/run/reboot-needed',
  ],
  ['no waiting snapshot', 'microos', { tool: { code: 0, out: ['settled'] } }, 'no', '/run/reboot-needed'],
  [
    'Arch after an upgrade',
    'arch',
    { tool: { code: 0, out: ['6.13.4', '/lib/modules/6.13.5/'] } },
    'yes',
    '/lib/modules',
  ],
  [
    'Alpine with everything built in',
    'alpine',
    { tool: { code: 0, out: ['6.12.13-0-virt'] }, signs: ['kernel=6.12.13-0-virt'] },
    'unknown',
    '/lib/modules',
  ],
  ['a staged deployment', 'silverblue', { tool: { code: 77 } }, 'yes', 'rpm-ostree status'],
  ['no staged deployment', 'coreos', { tool: { code: 0 } }, 'no', 'rpm-ostree status'],
  [
    'bootc with nothing staged',
    'bootc',
    { tool: { code: 0, out: ['{"status":{"staged":null}}'] } },
    'no',
    'bootc status',
  ],
  [
    'a container',
    'container',
    { tool: missing, signs: ['kernel=6.8.0-51-generic'] },
    'not_applicable',
    'virtualization',
  ],
  [
    'a container that asks for it',
    'container',
    { tool: missing, signs: ['kernel=6.8.0-51-generic', flag] },
    'yes',
    '/run/reboot-required',
  ],
  [
    'a host that is cut off in the middle',
    'debian',
    { tool: { code: Number.NaN } },
    'unknown',
    'needrestart',
  ],
])('%s (%s)', async (_name, system, told, expected, source) => {
  const report = await ask(system, told)
  expect([report.answer, report.source]).toEqual([expected, source])
  expect(report.reason).not.toBe('')
})

test.each<[SystemName, Told['services'], readonly string[] | undefined]>([
  [
    'debian',
    {
      code: 0,
      out: ['NEEDRESTART-VER: 3.6', 'NEEDRESTART-SVC: ssh.service', 'NEEDRESTART-SVC: cron.service'],
    },
    ['cron.service', 'ssh.service'],
  ],
  ['debian', { code: 127 }, undefined],
  ['rocky', { code: 0, out: ['sshd.service', 'chronyd.service'] }, ['chronyd.service', 'sshd.service']],
  ['rocky', { code: 1, out: [] }, []],
  ['leap', { code: 0, out: ['sshd', 'cron'] }, ['cron', 'sshd']],
  ['arch', { code: 0 }, undefined],
  ['silverblue', { code: 0 }, []],
])('%s: the services to restart of %o are %o', async (system, services, expected) => {
  expect((await ask(system, { tool: { code: 0 }, ...(services && { services }) })).services).toEqual(expected)
})

test('a system of no known family is asked nothing, and what its facts say stands', async () => {
  await using host = await FakeHost.start()
  await using remote = await connect(host.target())
  const facts = { ...factsOf('microvm'), family: undefined }
  expect(await rebootNeeded(remote, facts)).toEqual({ ...facts.rebootNeed, services: undefined })
  expect(host.commands).toEqual([])
})

describe('several commands in one round trip', () => {
  let host: FakeHost
  let remote: Remote
  beforeEach(async () => {
    host = await FakeHost.start({ runs: 'locally' })
    remote = await connect(host.target())
  })
  afterEach(async () => {
    await remote.close()
    await host.close()
  })

  test('each ends as if it were alone', async () => {
    const results = await runTogether(remote, [
      'echo one; echo "it\'s two"; echo trouble >&2; exit 3',
      'cat; echo after',
      'nosuchcommand-at-all',
    ])
    expect(results.map(({ code, stdout }) => [code, stdout])).toEqual([
      [3, "one\nit's two"],
      [0, 'after'],
      [127, ''],
    ])
    expect(results[0]?.stderr).toBe('trouble')
    expect(results[2]?.stderr).toContain('not found')
    expect(host.commands).toHaveLength(1)
  })
})
