/**
 * What every host of one lab has on top of the base tree: the users, the key, the package source, version 1 of the
 * probe package, and two small units. Made once for each lab, then lies read-only under all of its hosts.
 */
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { run } from '../command.ts'
import { mountDisk, mountOver, unmount } from '../host/mounts.ts'
import { sourcesList } from './repository.ts'
import type { LabState } from '../state.ts'

/** Where a host sees its `shared` folder. */
export const sharedInHost = '/var/lib/commissaire-lab'

/** Lays the lab's own files over the base tree and returns the trees that hosts stand on, the topmost first. */
export async function buildTemplate(
  state: LabState,
  parts: { publicKey: string; packageFile: string },
): Promise<readonly string[]> {
  const disk = join(state.folder, 'template')
  const root = join(disk, 'root')
  await mountDisk(disk, '64m')
  await mountOver(root, [state.base], disk)
  await putFiles(root, files)
  await removeHostKeys(root)
  await addUsers(root, parts.publicKey)
  await installPackage(root, parts.packageFile)
  await run('systemctl', [`--root=${root}`, '--quiet', 'enable', 'lab-boots.service', 'lab-boot-id.service'])
  await run('systemctl', [`--root=${root}`, '--quiet', 'mask', ...unwanted])
  await unmount(root)
  return [join(disk, 'upper'), state.base]
}

/** Writes files below a root, with their folders. */
export async function putFiles(root: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), text, { mode: path.includes('bin/') ? 0o755 : 0o644 })
  }
}

/** Nothing of this may start by itself in the middle of a test. */
const unwanted = [
  'apt-daily.timer',
  'apt-daily-upgrade.timer',
  'dpkg-db-backup.timer',
  'e2scrub_all.timer',
  'console-getty.service',
]

const files = {
  '/etc/apt/sources.list': sourcesList,
  '/etc/sudoers.d/ops': 'ops ALL=(ALL) NOPASSWD: ALL\n',
  '/etc/default/locale': 'LANG=C.UTF-8\n',
  // Starts last and stops first: between its two lines the host really answers.
  '/etc/systemd/system/lab-boots.service': `[Unit]
Description=Writes down when this host comes up and when it begins to go down
After=ssh.service systemd-user-sessions.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/sbin/lab-boots up
ExecStop=/usr/local/sbin/lab-boots down

[Install]
WantedBy=multi-user.target
`,
  '/usr/local/sbin/lab-boots': `#!/bin/sh
read -r now _ < /proc/uptime
read -r id < /proc/sys/kernel/random/boot_id
echo "$now $1 $id" >> ${sharedInHost}/boots
`,
  // nspawn's own mount of the boot id must go first: its file is deleted, and nothing mounts over a deleted file.
  '/etc/systemd/system/lab-boot-id.service': `[Unit]
Description=Keeps the boot id of an earlier boot, as a fault
ConditionPathExists=${sharedInHost}/boot_id
Before=ssh.service lab-boots.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=umount /proc/sys/kernel/random/boot_id
ExecStart=mount --bind ${sharedInHost}/boot_id /proc/sys/kernel/random/boot_id

[Install]
WantedBy=multi-user.target
`,
}

/** root, `ops` (sudo without a password) and `guest` (no sudo) all open with the lab's key. */
async function addUsers(root: string, publicKey: string): Promise<void> {
  await run('chroot', [root, 'useradd', '--create-home', '--shell', '/bin/bash', 'ops'])
  await run('chroot', [root, 'useradd', '--create-home', '--shell', '/bin/bash', 'guest'])
  for (const home of ['root', 'home/ops', 'home/guest']) {
    await mkdir(join(root, home, '.ssh'), { recursive: true, mode: 0o700 })
    await writeFile(join(root, home, '.ssh', 'authorized_keys'), publicKey, { mode: 0o600 })
    const user = basename(home)
    await run('chroot', [root, 'chown', '-R', `${user}:${user}`, `/${home}/.ssh`])
  }
}

async function installPackage(root: string, packageFile: string): Promise<void> {
  const inside = `/tmp/${basename(packageFile)}`
  await run('cp', [packageFile, join(root, inside)])
  await run('chroot', [root, 'dpkg', '--install', inside])
  await rm(join(root, inside))
}

/** Those that debootstrap made would be the same on every host. */
async function removeHostKeys(root: string): Promise<void> {
  await run('sh', ['-c', 'rm -f "$1"/etc/ssh/ssh_host_*', 'sh', root])
}
