/** Detects containers, which run the kernel of their host. */

/** What systemd-detect-virt calls the containers it knows. */
const containers: ReadonlySet<string> = new Set([
  'openvz',
  'lxc',
  'lxc-libvirt',
  'systemd-nspawn',
  'docker',
  'podman',
  'rkt',
  'wsl',
  'proot',
  'pouch',
  'container-other',
])

/** By what `systemd-detect-virt` says. */
export function isContainer(virtualization: string | undefined): boolean {
  return containers.has(virtualization ?? '')
}
