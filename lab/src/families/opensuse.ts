/** openSUSE Leap with a stand-in for zypper: one patch waits; statuses 100 to 103 inform, as zypper's do. */
import type { Family } from './family.ts'

const zypper = `
case " $* " in
  *" patch-check "*)
    if [ -e "$state/upgraded" ]; then echo "0 patches needed (0 security patches)"; exit 0; fi
    echo "1 patch needed (1 security patch)"; exit 101 ;;
  *" list-updates "* | *" lu "*)
    if [ -e "$state/upgraded" ]; then echo "No updates found."; exit 0; fi
    echo "v | Main Update Repository | kernel-default | 6.12.0-1 | 6.12.0-2 | x86_64" ;;
  *" needs-rebooting "*)
    if [ -e "$state/upgraded" ] && [ "$(cat "$state/upgraded")" = "$boot" ]; then
      echo "Core libraries or services have been updated. Reboot is suggested."; exit 102
    fi
    echo "No core libraries or services have been updated since the last system boot." ;;
  *" refresh "* | *" ref "*) echo "All repositories have been refreshed." ;;
  *" patch "* | *" update "* | *" up "* | *" dup "* | *" dist-upgrade "*)
    need_root "Root privileges are required to run this command."
    if [ -e "$state/upgraded" ]; then echo "Nothing to do."; exit 0; fi
    echo "$boot" > "$state/upgraded"
    echo "The following package is going to be upgraded:"; echo "  kernel-default"; exit 102 ;;
  *" --version "*) echo "zypper 1.14.81" ;;
  *) echo "the stand-in for $me has no answer to: $*" >&2; exit 1 ;;
esac
`

/** An openSUSE Leap. */
export const opensuse: Family = {
  osRelease: `NAME="openSUSE Leap"
VERSION="16.0"
ID="opensuse-leap"
ID_LIKE="suse opensuse"
VERSION_ID="16.0"
PRETTY_NAME="openSUSE Leap 16.0"
CPE_NAME="cpe:/o:opensuse:leap:16.0"
`,
  standIns: { zypper },
}
