/** The script of the preflight checks. It writes nothing and needs only sh. */
import { firstLine, lastLine, locks, preamble, privilege, rebootSigns } from '../facts/probe.ts'

// dpkg's own audit wants to be root; what it would say stands in a file that everybody may read.
const looks = String.raw`
room() {
  df -Pk / /boot /var | sed -n '2,$s/^/fs=/p'
  df -Pi / /boot /var | sed -n '2,$s/^/inodes=/p'
  sed -n 's/^[^ ]* \/ \([^ ]* [^ ]*\) .*/root=\1/p' /proc/mounts
}
going_down() {
  [ -e /run/nologin ] && p nologin 1
  [ -e /run/systemd/shutdown/scheduled ] && sed -n 's/^MODE=/scheduled=/p' /run/systemd/shutdown/scheduled
  [ -d /run/systemd/system ] && p systemd.state "$(systemctl is-system-running)"
}
updaters() {
  for d in zincati rebootmgr; do [ "$(state $d)" = active ] && p driver $d; done
  if [ -e /run/ostree-booted ] && has rpm-ostree; then rpm-ostree status | sed -n 's/^State: */ostree.state=/p'; fi
}
packages() {
  [ -r /var/lib/dpkg/status ] || return 0
  for f in /var/lib/dpkg/updates/[0-9]*; do [ -e "$f" ] && p interrupted dpkg && break; done
  sed -n -e '/^Package: /{s/^Package: //;h;}' -e '/^Status: .* half-/{x;s/^/unfinished=/p;}' \
    -e '/^Status: .* unpacked$/{x;s/^/unfinished=/p;}' /var/lib/dpkg/status | head -n 10
}`

/** The script. */
export const preflightProbe = `${preamble}${privilege}${locks}${rebootSigns}${looks}
main() {
  echo '${firstLine}'
  p now "$(date +%s)"; line kernel /proc/sys/kernel/osrelease
  privilege; locks; reboot_signs; room; going_down; updaters; packages
  echo '${lastLine}'
}
main </dev/null 2>/dev/null
`
