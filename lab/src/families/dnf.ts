/**
 * Stand-ins for dnf and rpm. Two updates wait until `upgrade` or `update`; from then until the next boot
 * `needs-restarting` says that one is due. Exit statuses as dnf has them: 100 for "there are updates".
 */

/** The body of a stand-in for dnf or yum of the given release. */
export function dnf(release: string): string {
  return `
updates="kernel-core.x86_64    6.17.8-300.${release}    updates
openssl-libs.x86_64   1:3.5.4-2.${release}     updates"
upgrade() {
  need_root "Error: This command has to be run with superuser privileges (under the root user on most systems)."
  if [ -e "$state/upgraded" ]; then echo "Dependencies resolved."; echo "Nothing to do."; echo "Complete!"; exit 0; fi
  echo "Dependencies resolved."
  echo "Upgrading:"
  echo "$updates" | sed 's/^/ /'
  echo "Complete!"
  echo "$boot" > "$state/upgraded"
}
case " $* " in
  *" check-update "* | *" check-upgrade "*)
    if [ -e "$state/upgraded" ]; then exit 0; fi
    echo; echo "$updates"; exit 100 ;;
  *" needs-restarting "*)
    if [ -e "$state/upgraded" ] && [ "$(cat "$state/upgraded")" = "$boot" ]; then
      echo "Core libraries or services have been updated since boot-up:"
      echo "  * kernel-core"; echo; echo "Reboot is required to fully utilize these updates."
      exit 1
    fi
    echo "No core libraries or services have been updated since boot-up."
    echo "Reboot should not be necessary." ;;
  *" upgrade "* | *" update "*) upgrade ;;
  *" install "*)
    need_root "Error: This command has to be run with superuser privileges (under the root user on most systems)."
    echo "Complete!" ;;
  *" --version "*) echo "4.14.0" ;;
  *) echo "the stand-in for $me has no answer to: $*" >&2; exit 1 ;;
esac
`
}

/** The body of a stand-in for rpm: it knows the running kernel and no other package. */
export const rpm = `
case "$*" in
  *-q*--last*kernel*) echo "kernel-core-$(uname -r)    Mon 03 Nov 2026 10:00:00 UTC" ;;
  *-q*) echo "package \${*##* } is not installed"; exit 1 ;;
  *--version*) echo "RPM version 4.19.1" ;;
  *) echo "the stand-in for $me has no answer to: $*" >&2; exit 1 ;;
esac
`
