/**
 * Packages that carry the names of real ones, for hosts that reach no archive: a program that runs, its unit, and enough
 * answers to be configured and asked. They are **not** Docker, containerd or flannel.
 *
 * What their programs were started with stands in `/run/stand-ins`: the environment of flanneld, the arguments of dockerd.
 */
import type { PackageParts } from './repository.ts'

const version = '1.0-stand-in'

/** Like Debian's packages of services: enabled and started by being installed. */
const startedBy = (unit: string): string => `#!/bin/sh
set -e
systemctl daemon-reload
systemctl enable --quiet ${unit}
systemctl start ${unit} || true
`

function unit(description: string, start: string, { type = 'simple' } = {}): string {
  return `[Unit]
Description=${description}, a stand-in of the commissaire lab

[Service]
Type=${type}
ExecStart=${start}

[Install]
WantedBy=multi-user.target
`
}

/** The stand-ins by the names of the packages. */
export const standInPackages = {
  'docker.io': {
    name: 'docker.io',
    version,
    description: 'a stand-in for Docker',
    files: {
      'usr/sbin/dockerd': `#!/bin/sh
mkdir -p /run/stand-ins
cat /etc/docker/daemon.json >/run/stand-ins/dockerd 2>/dev/null || echo '{}' >/run/stand-ins/dockerd
exec sleep infinity
`,
      'usr/bin/docker': '#!/bin/sh\n[ "$1" = info ] && systemctl is-active --quiet docker\n',
      'lib/systemd/system/docker.service': unit('Docker', '/usr/sbin/dockerd'),
    },
    postinst: startedBy('docker.service'),
  },
  containerd: {
    name: 'containerd',
    version,
    description: 'a stand-in for containerd',
    files: {
      'usr/bin/containerd': '#!/bin/sh\nexec sleep infinity\n',
      'lib/systemd/system/containerd.service': unit('containerd', '/usr/bin/containerd'),
    },
    postinst: startedBy('containerd.service'),
  },
  flannel: {
    name: 'flannel',
    version,
    description: 'a stand-in for flannel',
    files: {
      // Without a configuration it fails, as the real one does; with one it has got a subnet.
      'usr/bin/flanneld': `#!/bin/sh
mkdir -p /run/stand-ins /run/flannel
if [ -z "$FLANNELD_ETCD_ENDPOINTS$FLANNELD_REMOTE" ]; then echo "no endpoints" >&2; exit 1; fi
env | grep '^FLANNEL' | sort >/run/stand-ins/flanneld
for file in $FLANNELD_ETCD_CAFILE $FLANNELD_ETCD_KEYFILE; do cat "$file" >/dev/null || exit 1; done
printf 'FLANNEL_SUBNET=10.1.15.1/24\\nFLANNEL_MTU=1450\\n' >/run/flannel/subnet.env
exec sleep infinity
`,
      'lib/systemd/system/flanneld.service': unit('flannel', '/usr/bin/flanneld'),
    },
    postinst: startedBy('flanneld.service'),
  },
} as const satisfies Record<string, PackageParts>

/** The names of the packages. */
export type StandInPackage = keyof typeof standInPackages
