/**
 * What the probe says on each kind of system, for scripted hosts and for the tests of the parser.
 *
 * Written by hand after the systems' own files and manuals; only Debian's was recorded on a running one.
 */
import type { Family } from '../facts/family.ts'

/** One system: what is particular about its answer, and what a reader of it must find. */
export interface System {
  readonly lines: readonly string[]
  readonly family: Family
  readonly osName: string
  readonly reboot: 'yes' | 'no' | 'unknown' | 'not_applicable'
}

const ostreeStatus = {
  deployments: [
    {
      booted: false,
      staged: true,
      version: '41.20250301.0',
      checksum: 'b'.repeat(64),
      origin: 'fedora:fedora/41/x86_64/silverblue',
    },
    {
      booted: true,
      version: '41.20250217.0',
      checksum: 'a'.repeat(64),
      origin: 'fedora:fedora/41/x86_64/silverblue',
    },
  ],
}

const coreosStatus = {
  deployments: [
    {
      booted: true,
      version: '41.20250215.3.0',
      checksum: 'c'.repeat(64),
      origin: 'fedora:fedora/x86_64/coreos/stable',
    },
  ],
}

const bootcStatus = {
  apiVersion: 'org.containers.bootc/v1',
  kind: 'BootcHost',
  status: {
    staged: null,
    booted: {
      image: {
        image: { image: 'quay.io/fedora/fedora-bootc:41', transport: 'registry' },
        version: '41.20250301.0',
        imageDigest: `sha256:${'d'.repeat(64)}`,
      },
      incompatible: false,
    },
  },
}

/** Systems by name. */
export const systems = {
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
  rocky: {
    lines: [
      'os.PRETTY_NAME="Rocky Linux 9.5 (Blue Onyx)"',
      'os.ID="rocky"',
      'os.ID_LIKE="rhel centos fedora"',
      'os.VERSION_ID="9.5"',
      'kernel=5.14.0-503.14.1.el9_5.x86_64',
      'kernel.boot=0-rescue-3d1219c7c4c5404aaa1f6d2a48adfda4',
      'kernel.boot=5.14.0-503.14.1.el9_5.x86_64',
      'kernel.boot=5.14.0-503.19.1.el9_5.x86_64',
      'manager=dnf',
      'manager=yum',
    ],
    family: 'dnf',
    osName: 'rhel',
    reboot: 'yes',
  },
  centos7: {
    lines: [
      'os.PRETTY_NAME="CentOS Linux 7 (Core)"',
      'os.ID="centos"',
      'os.ID_LIKE="rhel fedora"',
      'os.VERSION_ID="7"',
      'kernel=3.10.0-1160.el7.x86_64',
      'kernel.boot=3.10.0-1160.el7.x86_64',
      'manager=yum',
    ],
    family: 'yum',
    osName: 'centos',
    reboot: 'no',
  },
  rhel: {
    lines: [
      'os.PRETTY_NAME="Red Hat Enterprise Linux 9.5 (Plow)"',
      'os.ID="rhel"',
      'os.ID_LIKE="fedora"',
      'os.VERSION_ID="9.5"',
      'kernel=5.14.0-503.14.1.el9_5.x86_64',
      'kernel.modules=5.14.0-503.14.1.el9_5.x86_64',
      'manager=dnf',
      'manager=yum',
    ],
    family: 'dnf',
    osName: 'rhel',
    reboot: 'no',
  },
  fedora: {
    lines: [
      'os.PRETTY_NAME="Fedora Linux 41 (Server Edition)"',
      'os.ID=fedora',
      'os.VERSION_ID=41',
      'os.VARIANT_ID=server',
      'kernel=6.12.9-200.fc41.x86_64',
      'kernel.boot=6.12.9-200.fc41.x86_64',
      'manager=dnf5',
      'manager=dnf',
      'manager=yum',
    ],
    family: 'dnf5',
    osName: 'fedora',
    reboot: 'no',
  },
  leap: {
    lines: [
      'os.PRETTY_NAME="openSUSE Leap 15.6"',
      'os.ID="opensuse-leap"',
      'os.ID_LIKE="suse opensuse"',
      'os.VERSION_ID="15.6"',
      'kernel=6.4.0-150600.23.30-default',
      'kernel.boot=6.4.0-150600.23.30-default',
      'flag./run/reboot-needed=',
      'manager=zypper',
    ],
    family: 'zypper',
    osName: 'opensuse',
    reboot: 'yes',
  },
  sles: {
    lines: [
      'os.PRETTY_NAME="SUSE Linux Enterprise Server 15 SP6"',
      'os.ID="sles"',
      'os.ID_LIKE="suse"',
      'os.VERSION_ID="15.6"',
      'kernel=6.4.0-150600.21-default',
      'kernel.boot=6.4.0-150600.21-default',
      'manager=zypper',
    ],
    family: 'zypper',
    osName: 'sles',
    reboot: 'no',
  },
  microos: {
    lines: [
      'os.PRETTY_NAME="openSUSE MicroOS"',
      'os.ID="opensuse-microos"',
      'os.ID_LIKE="suse opensuse opensuse-tumbleweed"',
      'os.VERSION_ID="20250301"',
      'kernel=6.13.4-1-default',
      'kernel.modules=6.13.4-1-default',
      'root=btrfs ro,relatime,compress=zstd',
      'flag./run/reboot-needed=soft-reboot',
      'manager=transactional-update',
      'manager=zypper',
      'driver=rebootmgr',
    ],
    family: 'transactional-update',
    osName: 'opensuse',
    reboot: 'yes',
  },
  arch: {
    lines: [
      'os.PRETTY_NAME="Arch Linux"',
      'os.ID=arch',
      'kernel=6.13.4-arch1-1',
      'kernel.boot=linux',
      'kernel.modules=6.13.5-arch1-1',
      'manager=pacman',
    ],
    family: 'pacman',
    osName: 'arch',
    reboot: 'yes',
  },
  alpine: {
    lines: [
      'os.PRETTY_NAME="Alpine Linux v3.21"',
      'os.ID=alpine',
      'os.VERSION_ID=3.21.3',
      'kernel=6.12.13-0-lts',
      'kernel.boot=lts',
      'kernel.modules=6.12.13-0-lts',
      'init=init',
      'machine-id=',
      'manager=apk',
    ],
    family: 'apk',
    osName: 'alpine',
    reboot: 'no',
  },
  silverblue: {
    lines: [
      'os.PRETTY_NAME="Fedora Linux 41.20250217.0 (Silverblue)"',
      'os.ID=fedora',
      'os.VERSION_ID=41',
      'os.VARIANT_ID=silverblue',
      "os.OSTREE_VERSION='41.20250217.0'",
      'ostree=1',
      'kernel=6.12.13-200.fc41.x86_64',
      'root=btrfs ro,seclabel,relatime',
      'manager=rpm-ostree',
      'manager=dnf5',
      `image.rpm-ostree=${JSON.stringify(ostreeStatus)}`,
    ],
    family: 'rpm-ostree',
    osName: 'atomic',
    reboot: 'yes',
  },
  coreos: {
    lines: [
      'os.PRETTY_NAME="Fedora CoreOS 41.20250215.3.0"',
      'os.ID=fedora',
      'os.VERSION_ID=41',
      'os.VARIANT_ID=coreos',
      "os.OSTREE_VERSION='41.20250215.3.0'",
      'ostree=1',
      'kernel=6.12.13-200.fc41.x86_64',
      'root=xfs rw,seclabel,relatime',
      'manager=rpm-ostree',
      'manager=bootc',
      'driver=zincati',
      'image.bootc={"status":{"booted":null}}',
      `image.rpm-ostree=${JSON.stringify(coreosStatus)}`,
    ],
    family: 'rpm-ostree',
    osName: 'atomic',
    reboot: 'no',
  },
  bootc: {
    lines: [
      'os.PRETTY_NAME="Fedora Linux 41 (Forty One)"',
      'os.ID=fedora',
      'os.VERSION_ID=41',
      'ostree=1',
      'kernel=6.12.13-200.fc41.x86_64',
      'root=overlay ro,relatime',
      'manager=rpm-ostree',
      'manager=bootc',
      'manager=dnf5',
      `image.bootc=${JSON.stringify(bootcStatus)}`,
    ],
    family: 'bootc',
    osName: 'atomic',
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

export type SystemName = keyof typeof systems
