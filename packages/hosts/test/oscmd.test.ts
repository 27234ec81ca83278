import { expect, test } from 'vitest'
import { type CommandResult, oscmd } from '../src/index.ts'
import { type SystemName, systems } from '../src/testing.ts'
import { factsOf, result } from './facts-of.ts'

const commands = (system: SystemName) => oscmd(factsOf(system))

test.each(Object.keys(systems) as SystemName[])('the commands of %s are those of its family', (system) => {
  expect(commands(system).family).toBe(systems[system].family)
})

test('a system of no known family is not supported, and the message names it', () => {
  const facts = { ...factsOf('debian'), family: undefined }
  expect(() => oscmd(facts)).toThrow(expect.objectContaining({ code: 'not_supported' }))
  expect(() => oscmd(facts)).toThrow('Debian GNU/Linux 12')
})

test('the upgrade never asks anybody anything', () => {
  expect(commands('debian').upgrade().run).toContain('DEBIAN_FRONTEND=noninteractive')
  expect(commands('debian').upgrade().run).toContain('--force-confold')
  expect(commands('rocky').upgrade().run).toBe('LC_ALL=C dnf -y upgrade')
  expect(commands('centos7').upgrade().run).toBe('LC_ALL=C yum -y update')
  expect(commands('fedora').upgrade().run).toBe('LC_ALL=C dnf5 -y upgrade')
  expect(commands('leap').upgrade().run).toBe('LC_ALL=C zypper -n patch')
  expect(commands('microos').upgrade().run).toBe('LC_ALL=C transactional-update -n --no-selfupdate dup')
  expect(commands('arch').upgrade().run).toMatch(/archlinux-keyring && LC_ALL=C pacman -Su --noconfirm$/)
  expect(commands('alpine').upgrade().run).toMatch(/^apk upgrade -U -a/)
  expect(commands('silverblue').upgrade().run).toContain('rpm-ostree upgrade')
  expect(commands('bootc').upgrade().run).toBe('bootc upgrade')
})

test.each<[SystemName, CommandResult, string]>([
  ['debian', result(0, '5 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.'), 'done'],
  ['debian', result(0, '0 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.'), 'nothing'],
  ['debian', result(100, '', 'E: Could not get lock /var/lib/dpkg/lock-frontend'), 'busy'],
  ['debian', result(100, '', 'E: Unable to correct problems'), 'failed'],
  ['rocky', result(0, 'Complete!'), 'done'],
  ['rocky', result(0, 'Dependencies resolved.\nNothing to do.\nComplete!'), 'nothing'],
  ['rocky', result(1, '', 'Error: Failed to download metadata'), 'failed'],
  ['leap', result(0), 'done'],
  ['leap', result(100), 'done'],
  ['leap', result(102), 'done'],
  ['leap', result(103), 'again'],
  ['leap', result(7, '', 'System management is locked'), 'busy'],
  ['leap', result(4, '', 'Problem: nothing provides'), 'failed'],
  ['microos', result(0, 'New default snapshot is #7'), 'done'],
  ['arch', result(0, ' there is nothing to do'), 'nothing'],
  ['arch', result(1, '', 'error: failed to init transaction (unable to lock database)'), 'busy'],
  ['alpine', result(0, '(1/2) Upgrading musl\nOK: 9 MiB'), 'done'],
  ['alpine', result(0, 'OK: 9 MiB in 25 packages'), 'nothing'],
  ['silverblue', result(77), 'nothing'],
  ['silverblue', result(0, 'Staging deployment... done'), 'done'],
  ['silverblue', result(1, '', 'error: Transaction in progress: upgrade'), 'busy'],
  ['bootc', result(0, 'No changes in quay.io/fedora/fedora-bootc:41'), 'nothing'],
  ['bootc', result(1, '', 'ERROR Upgrading: not authorized'), 'failed'],
])('%s: the end of an upgrade %o means %s', (system, end, kind) => {
  expect(commands(system).upgrade().read(end).kind).toBe(kind)
})

test.each<[SystemName, CommandResult, string]>([
  ['debian', result(0, 'flag\nlinux-image-6.1.0-19-amd64'), 'yes'],
  ['debian', result(0, 'NEEDRESTART-VER: 3.6\nNEEDRESTART-KSTA: 3\n'), 'yes'],
  ['debian', result(0, 'NEEDRESTART-KSTA: 1\n'), 'no'],
  ['debian', result(0, 'NEEDRESTART-KSTA: 0\n'), 'unknown'],
  ['debian', result(127), 'unknown'],
  ['rocky', result(1, 'Reboot is required to fully utilize these updates.'), 'yes'],
  ['rocky', result(0, 'No core libraries or services have been updated since boot-up.'), 'no'],
  ['rocky', result(1, '', 'No such command: needs-restarting. Please use /usr/bin/dnf --help'), 'unknown'],
  ['rocky', result(1, '', 'Error: rpmdb open failed'), 'unknown'],
  ['centos7', result(127, '', 'needs-restarting: command not found'), 'unknown'],
  ['fedora', result(2, '', 'Unknown argument "needs-restarting" for command "dnf5".'), 'unknown'],
  ['leap', result(102), 'yes'],
  ['leap', result(0), 'no'],
  ['leap', result(7), 'unknown'],
  ['microos', result(0, 'needed kexec\n'), 'yes'],
  ['microos', result(0, 'settled\n'), 'no'],
  ['arch', result(0, '6.13.4-arch1-1\n/lib/modules/6.13.5-arch1-1/\n'), 'yes'],
  ['arch', result(0, '6.13.4-arch1-1\n/lib/modules/6.13.4-arch1-1/\n'), 'no'],
  ['alpine', result(0, '6.12.13-0-lts\n'), 'unknown'],
  ['silverblue', result(77), 'yes'],
  ['silverblue', result(0), 'no'],
  ['bootc', result(0, '{"status":{"staged":{"image":{}}}}'), 'yes'],
  ['bootc', result(0, '{"status":{"staged":null}}'), 'no'],
  ['bootc', result(1, 'ERROR'), 'unknown'],
])('%s: asked for its need of a reboot, %o means %s', (system, end, answer) => {
  const need = commands(system).rebootNeed().read(end)
  expect(need.answer).toBe(answer)
  expect(need.source).not.toBe('')
})

test.each<[SystemName, CommandResult, number | undefined]>([
  ['debian', result(0, 'Inst libc6 [1] (2 Debian-Security)\nConf libc6\nInst bash [1] (2 Debian)'), 2],
  [
    'rocky',
    result(100, '\nbash.x86_64   5.1   baseos\nkernel.x86_64 5.14 baseos\nObsoleting Packages\nx.y 1 z'),
    2,
  ],
  ['rocky', result(0), 0],
  ['rocky', result(1), undefined],
  ['leap', result(100, '7 patches needed (2 security patches)'), 7],
  ['arch', result(0, 'linux 1 -> 2\nbash 1 -> 2\n'), 2],
  ['arch', result(2), 0],
  ['alpine', result(0, 'Installed:   Available:\nmusl-1.2 < 1.3\n'), 1],
  ['silverblue', result(77), 0],
])('%s: what waits is counted in %o', (system, end, count) => {
  expect(commands(system).pending().read(end).count).toBe(count)
})

test('a version is deployed on hosts that boot images', () => {
  expect(commands('silverblue').deploy('41.20250301.0').run).toBe('LC_ALL=C rpm-ostree deploy 41.20250301.0')
  expect(commands('silverblue').deploy('ostree-unverified-registry:quay.io/x/y:1').run).toContain('rebase')
  expect(commands('bootc').deploy('42').run).toBe('bootc switch quay.io/fedora/fedora-bootc:42')
  expect(commands('bootc').deploy(`sha256:${'e'.repeat(64)}`).run).toContain('fedora-bootc@sha256:')
  expect(commands('bootc').deploy('quay.io/other/image:7').run).toBe('bootc switch quay.io/other/image:7')
})

test.each<SystemName>(['debian', 'rocky', 'fedora', 'centos7', 'leap', 'microos', 'arch', 'alpine'])(
  'deploying on %s is refused and says what to use',
  (system) => {
    expect(() => commands(system).deploy('2')).toThrow(expect.objectContaining({ code: 'not_supported' }))
    expect(() => commands(system).deploy('2')).toThrow('Use upgrade')
  },
)

test('what a person typed is one word of the command, whatever is in it', () => {
  expect(commands('silverblue').deploy('1; reboot').run).toContain(`'1; reboot'`)
  expect(commands('debian').install([`a'b`]).run).toContain(String.raw`'a'\''b'`)
})

test('a reboot is started on its own and leaves the connection time to end', () => {
  expect(commands('debian').reboot().run).toMatch(/^systemd-run .*--on-active=2 .*systemctl reboot/)
  expect(commands('debian').reboot({ kind: 'forced' }).run).toContain('systemctl reboot -i')
  expect(commands('alpine').reboot().run).toContain('sleep 2; reboot')
  expect(() => commands('alpine').reboot({ kind: 'soft' })).toThrow(
    expect.objectContaining({ code: 'not_supported' }),
  )
})
