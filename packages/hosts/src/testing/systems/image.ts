/** Answers of image-based systems: transactional-update, rpm-ostree and bootc. */
import type { System } from './system.ts'

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

/** Systems that boot images. */
export const imageSystems = {
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
} as const satisfies Record<string, System>
