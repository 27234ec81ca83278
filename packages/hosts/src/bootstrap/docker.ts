/** Bootstrap steps for Docker: its package, its network configuration, its service. */
import type { Facts } from '../facts/facts.ts'
import { fileStep } from './file.ts'
import type { HostNetwork } from './network.ts'
import { installed } from './packages.ts'
import { repositoryFor } from './repositories.ts'
import { runningService } from './service.ts'
import { checkedBy, notHere, type Step } from './step.ts'

const service = 'docker'

/** The steps; none of their actions runs where its check passes already. */
export function dockerSteps(facts: Facts, network: HostNetwork): readonly Step[] {
  return [
    repositoryFor(facts, 'docker'),
    installed(facts, 'docker'),
    ...networkSteps(facts, network),
    runningService(facts, service, { answers: 'docker info' }),
  ]
}

/** Families in which flannel's own package puts Docker on its network. */
const isIntegrated: ReadonlySet<Facts['family']> = new Set([
  'dnf5',
  'yum',
  'zypper',
  'transactional-update',
  'rpm-ostree',
  'bootc',
])

function networkSteps(facts: Facts, network: HostNetwork): readonly Step[] {
  const name = 'docker starts on the network of flannel'
  if (network.kind === 'none') return [notHere(name, network.why)]
  if (isIntegrated.has(facts.family)) return [notHere(name, "flannel's own package sees to it")]
  if (!facts.systemd) return [notHere(name, 'it takes systemd; give Docker "bip" and "mtu" by hand')]
  return [
    { name: "docker's configuration has room for it", check: checkedBy(hasRoom, noRoom) },
    fileStep('docker can learn the network of flannel', {
      path: script,
      content: learning,
      mode: '755',
      service,
    }),
    fileStep(name, { path: dropIn, content: unit, service }),
  ]
}

const script = '/etc/docker/on-flannel.sh'
const dropIn = '/etc/systemd/system/docker.service.d/commissaire.conf'
const ourLabel = 'io.commissaire.network=flannel'

/** A configuration of somebody's own is left alone; it is good enough when it says where the bridge is. */
const hasRoom = `[ ! -e /etc/docker/daemon.json ] || grep -q -e '${ourLabel}' -e '"bip"' /etc/docker/daemon.json`
const noRoom =
  '/etc/docker/daemon.json is somebody\'s own; put "bip" and "mtu" of /run/flannel/subnet.env into it, or remove it'

const unit = `# Written by Commissaire.
[Unit]
After=flanneld.service
Wants=flanneld.service

[Service]
ExecStartPre=/bin/sh ${script}
`

/** The subnet may be another after every boot, so it is learnt at every start. */
const learning = `#!/bin/sh
# Written by Commissaire: gives Docker's bridge the subnet that flannel got for this host.
config=/etc/docker/daemon.json
if [ -e "$config" ] && ! grep -q '${ourLabel}' "$config"; then exit 0; fi
tries=0
until [ -s /run/flannel/subnet.env ]; do
  tries=$((tries + 1))
  if [ "$tries" -gt 30 ]; then echo "flannel got no subnet within 30 s" >&2; exit 1; fi
  sleep 1
done
. /run/flannel/subnet.env
printf '{"labels": ["${ourLabel}"], "bip": "%s", "mtu": %s}\\n' "$FLANNEL_SUBNET" "\${FLANNEL_MTU:-1450}" >"$config.new"
mv -f "$config.new" "$config"
`
