/**
 * Fedora CoreOS with a stand-in for rpm-ostree: `upgrade`, `deploy` and `rollback` stage a version, the next boot
 * runs it. The boot id tells the stand-in whether there was one.
 */
import type { Family } from './family.ts'

const rpmOstree = `
denied="error: Connection refused: must be root to run this command"
booted=43.20261005.3.0; previous=43.20260921.3.0; staged=
if [ -e "$state/staged" ]; then
  read -r since version < "$state/staged"
  if [ "$since" = "$boot" ]; then staged=$version; else previous=$booted; booted=$version; fi
fi
stage() {
  need_root "$denied"
  if [ "$1" = "$booted" ]; then echo "error: Deployment is already at version $1" >&2; exit 1; fi
  echo "$boot $1" > "$state/staged"
  echo "Staging deployment... done"
  echo 'Run "systemctl reboot" to start a reboot'
}
deployment() {
  printf '{"id":"fedora-coreos-%s.0","osname":"fedora-coreos","version":"%s","checksum":"%s","booted":%s,"staged":%s,"pinned":false,"packages":[]}' \\
    "$1" "$1" "$(echo "$1" | sha256sum | cut -d ' ' -f 1)" "$2" "$3"
}
case " $* " in
  *" status "*--json* | *" --json "*)
    printf '{"deployments":['
    if [ -n "$staged" ]; then deployment "$staged" false true; printf ,; fi
    deployment "$booted" true false; printf ,
    deployment "$previous" false false
    printf '],"transaction":null,"cached-update":null}\\n' ;;
  *" status "*--pending-exit-77*) if [ -n "$staged" ]; then exit 77; fi ;;
  *" status "*)
    echo "State: idle"; echo "Deployments:"
    if [ -n "$staged" ]; then echo "  fedora:fedora/x86_64/coreos/stable"; echo "                  Version: $staged"; fi
    echo "* fedora:fedora/x86_64/coreos/stable"; echo "                  Version: $booted" ;;
  *" upgrade "*--check*) if [ "$booted" = 43.20261102.3.0 ]; then exit 77; fi; echo "AvailableUpdate:"; echo "        Version: 43.20261102.3.0" ;;
  *" upgrade "*)
    if [ "$booted" = 43.20261102.3.0 ]; then need_root "$denied"; echo "No upgrade available."; exit 0; fi
    stage 43.20261102.3.0 ;;
  *" deploy "*)
    for version in "$@"; do case $version in -* | deploy) ;; *) break ;; esac; done
    stage "$version" ;;
  *" rollback "*) stage "$previous" ;;
  *" --version "*) echo "rpm-ostree:"; echo " Version: '2025.11'" ;;
  *) echo "the stand-in for $me has no answer to: $*" >&2; exit 1 ;;
esac
`

/** A Fedora CoreOS, booted from an ostree. */
export const fedoraCoreos: Family = {
  osRelease: `NAME="Fedora Linux"
VERSION="43.20261005.3.0 (CoreOS)"
ID=fedora
VERSION_ID=43
PRETTY_NAME="Fedora CoreOS 43.20261005.3.0"
CPE_NAME="cpe:/o:fedoraproject:fedora:43"
VARIANT="CoreOS"
VARIANT_ID=coreos
OSTREE_VERSION='43.20261005.3.0'
`,
  standIns: { 'rpm-ostree': rpmOstree },
  files: { '/etc/tmpfiles.d/lab-ostree.conf': 'f /run/ostree-booted 0644 root root -\n' },
}
