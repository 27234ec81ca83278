/** Answers of Debian, its derivatives, and Debian in containers. */
import type { System } from './system.ts'

/** Systems that have apt. */
export const aptSystems = {
  debian: {
    lines: [
      'os.PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"',
      'os.ID=debian',
      'os.VERSION_ID="12"',
      'kernel=6.1.0-18-amd64',
      'kernel.boot=6.1.0-17-amd64',
      'kernel.boot=6.1.0-18-amd64',
      'manager=apt-get',
    ],
    family: 'apt',
    osName: 'debian',
    reboot: 'no',
  },
  ubuntu: {
    lines: [
      'os.PRETTY_NAME="Ubuntu 24.04.1 LTS"',
      'os.ID=ubuntu',
      'os.ID_LIKE=debian',
      'os.VERSION_ID="24.04"',
      'kernel=6.8.0-51-generic',
      'kernel.boot=6.8.0-51-generic',
      'kernel.boot=6.8.0-52-generic',
      'flag./run/reboot-required=*** System restart required ***',
      'flag.packages=linux-image-6.8.0-52-generic ',
      'manager=apt-get',
      'runtime=containerd active',
    ],
    family: 'apt',
    osName: 'ubuntu',
    reboot: 'yes',
  },
  mint: {
    lines: [
      'os.ID=linuxmint',
      'os.ID_LIKE="ubuntu debian"',
      'os.VERSION_ID="22"',
      'kernel=6.8.0-51-generic',
      'kernel.boot=6.8.0-51-generic',
      'manager=apt-get',
    ],
    family: 'apt',
    osName: 'ubuntu',
    reboot: 'no',
  },
  container: {
    lines: [
      'os.ID=debian',
      'os.VERSION_ID="12"',
      'kernel=6.8.0-51-generic',
      'virtualization=systemd-nspawn',
      'manager=apt-get',
    ],
    family: 'apt',
    osName: 'debian',
    reboot: 'not_applicable',
  },
  microvm: {
    lines: [
      'os.ID=debian',
      'os.VERSION_ID="12"',
      'kernel=6.18.44-fc-v782',
      'virtualization=vm',
      'manager=apt-get',
    ],
    family: 'apt',
    osName: 'debian',
    reboot: 'unknown',
  },
} as const satisfies Record<string, System>
