/**
 * The script that reads all facts at once, and the shorter one that reads only the boot status.
 *
 * POSIX sh on standard input; no temporary file, no root, no network, nothing beyond what BusyBox has. All of it is one
 * function, so that a script cut short on its way runs not at all, and no command in it can eat the rest of it.
 * Every answer is a line `key=value`; the last line says that the answer is whole.
 */

/** The command that runs a probe; the probe itself is its input. */
export const probeCommand = 'sh -s'
/** The line before which everything is the login shell's noise. */
export const firstLine = 'commissaire-facts=1'
/** The line without which an answer is cut short. */
export const lastLine = 'commissaire-end'

/** Defines what all probes are written in: `p KEY VALUE`, `has PROGRAM`, `line KEY FILE`. */
export const preamble = String.raw`
LC_ALL=C; export LC_ALL
PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"; export PATH
p() { printf '%s=%s\n' "$1" "$2"; }
has() { command -v "$1" >/dev/null 2>&1; }
line() { l=; [ -r "$2" ] && IFS= read -r l <"$2"; p "$1" "$l"; }
boot_status() {
  line boot-id /proc/sys/kernel/random/boot_id
  read -r up rest </proc/uptime; p uptime "$up"
  [ -e /run/nologin ] && p nologin 1
  [ -d /run/systemd/system ] || return 0
  p systemd.state "$(systemctl is-system-running)"
  systemctl show -p UserspaceTimestampMonotonic -p SoftRebootsCount | sed 's/^/systemd./'
  systemctl list-units --failed --plain --no-legend | sed -n 's/^\([^ ]*\) .*/systemd.failed=\1/p'
}
state() {
  if [ -d /run/systemd/system ]; then systemctl is-active "$1"
  elif has rc-service && rc-service "$1" status >/dev/null 2>&1; then echo active
  else echo unknown; fi
}`

/** Defines `reboot_signs`: what tells of a reboot that is due and costs nothing to look at. */
export const rebootSigns = String.raw`
reboot_signs() {
  for f in /run/reboot-required /var/run/reboot-required /run/reboot-needed; do
    [ -e $f ] && line "flag.$f" $f && break
  done
  [ -r /run/reboot-required.pkgs ] && p flag.packages "$(sort -u /run/reboot-required.pkgs | head -n 20 | tr '\n' ' ')"
  for k in /boot/vmlinuz-*; do [ -e "$k" ] && p kernel.boot "${'$'}{k#/boot/vmlinuz-}"; done
  for k in /usr/lib/modules/* /lib/modules/*; do [ -d "$k" ] && p kernel.modules "${'$'}{k##*/}"; done
}`

/** Defines `privilege`: may we be root. */
export const privilege = String.raw`
privilege() {
  id=$(id); user=${'$'}{id#*\(}; user=${'$'}{user%%\)*}; s=; may=1
  p user "$user"
  case $id in uid=0\(*) p privilege root; return;; esac
  if ! has sudo; then may=; p privilege 'none: sudo is not installed'
  elif sudo -n true >/dev/null; then p privilege sudo; s='sudo -n'
  else may=; p privilege 'none: sudo asks for a password'; fi
}`

/** Defines `locks`: which locks of package managers are held. */
export const locks = String.raw`
# A file of another filesystem may have the same inode number; /proc/locks and mountinfo name the filesystem alike.
held() {
  at=$(df -P "$2" | sed -n '$s/^.*% //p'); dev=
  while read -r _ _ d _ m _; do [ "$m" = "$at" ] && dev=$d; done </proc/self/mountinfo
  [ -n "$dev" ] || return 0
  grep -q " $(printf '%02x:%02x' $(echo "$dev" | tr : ' ')):$1 " /proc/locks
}
locks() {
  set --
  for f in /var/lib/dpkg/lock-frontend /var/lib/dpkg/lock /var/lib/rpm/.rpm.lock /usr/lib/sysimage/rpm/.rpm.lock /lib/apk/db/lock
  do [ -e $f ] && set -- "$@" $f; done
  [ $# -gt 0 ] && ls -i "$@" | while read -r n f; do grep -q ":$n " /proc/locks && held "$n" "$f" && p lock "$f"; done
  [ -e /var/lib/pacman/db.lck ] && p lock /var/lib/pacman/db.lck
  if [ -r /run/zypp.pid ]; then IFS= read -r n </run/zypp.pid; [ -n "$n" ] && [ -d "/proc/$n" ] && p lock /run/zypp.pid; fi
}`

const facts = String.raw`
system() {
  f=/etc/os-release; [ -r "$f" ] || f=/usr/lib/os-release
  [ -r "$f" ] && sed -n 's/^\([A-Z][A-Z0-9_]*=\)/os.\1/p' "$f"
  line kernel /proc/sys/kernel/osrelease; line name /proc/sys/kernel/hostname
  p arch "$(uname -m)"
  line machine-id /etc/machine-id
  line init /proc/1/comm
  [ -e /run/ostree-booted ] && p ostree 1
  sed -n 's/^btime /btime=/p
    s/^MemTotal: *\([0-9]*\).*/memory.total=\1/p; s/^MemAvailable: *\([0-9]*\).*/memory.available=\1/p
    s/^[^ ]* \/ \([^ ]* [^ ]*\) .*/root=\1/p' /proc/stat /proc/meminfo /proc/mounts
}
hardware() {
  n=$(getconf _NPROCESSORS_ONLN) || n=$(grep -c '^processor' /proc/cpuinfo); p cpus "$n"
  df -Pk / /boot /var | sed -n '2,$s/^/fs=/p'
  df -Pi / /boot /var | sed -n '2,$s/^/inodes=/p'
  for d in /sys/block/*; do
    case ${'$'}{d##*/} in loop*|ram*|zram*|dm-*|md*|sr*|'*') continue;; esac
    IFS= read -r n <"$d/size" && p disk "${'$'}{d##*/} $n"
  done
  if has systemd-detect-virt; then p virtualization "$(systemd-detect-virt)"
  elif [ -r /run/systemd/container ]; then line virtualization /run/systemd/container
  elif grep -q '^flags.* hypervisor' /proc/cpuinfo; then p virtualization vm; fi
  line vendor /sys/class/dmi/id/sys_vendor
}
software() {
  for m in transactional-update rpm-ostree bootc apt-get dnf5 dnf yum zypper pacman apk; do has $m && p manager $m; done
  for r in docker podman containerd crio kubelet k3s; do has $r && p runtime "$r $(state $r)"; done
  for d in zincati rebootmgr; do [ "$(state $d)" = active ] && p driver $d; done
  has who && who | sed 's/^/session=/'
}
images() {
  [ -e /run/ostree-booted ] || return 0
  [ "$may" ] && has bootc && p image.bootc "$($s bootc status --format=json --format-version=1 | tr -d '\n')"
  has rpm-ostree && p image.rpm-ostree "$(rpm-ostree status --json | tr -d '\n')"
}`

/** Asks for all facts. */
export const factsProbe = `${preamble}${privilege}${locks}${rebootSigns}${facts}
main() {
  echo '${firstLine}'
  boot_status; system; hardware; privilege; software; locks; reboot_signs; images
  read -r up rest </proc/uptime; p finished "$up"
  echo '${lastLine}'
}
main </dev/null 2>/dev/null
`

/** Asks only for the boot id, the uptime and the state of systemd. */
export const bootStatusProbe = `${preamble}
main() { echo '${firstLine}'; boot_status; echo '${lastLine}'; }
main </dev/null 2>/dev/null
`
