#!/bin/sh
# Keeps one host running: boots it, boots it again whenever it reboots, ends when it is switched off.
# usage: runner.sh FOLDER "CGROUP…" PROGRAM ARGUMENTS…
# systemd-nspawn ends with 133 when the host asks for a reboot.
#
# FOLDER/pids          "pid start" of this runner and of every nspawn, so that they can be found again
# FOLDER/console.log   what the host prints while it boots
# FOLDER/shared/boots  "seconds-since-the-machine-booted event detail", to which the host itself adds "up" and "down"
folder=$1
export cgroups="$2"
shift 2

note() {
  read -r now _ < /proc/uptime
  echo "$now $*" >> "$folder/shared/boots"
}

# Writes its own number down before it becomes nspawn: there is no moment in which nspawn runs unrecorded.
# Only nspawn enters the host's control group, for a group with groups below it must have no process of its own.
boot='
  echo "$$ $(cut -d " " -f 22 /proc/$$/stat)" >> "$0"
  for cgroup in $cgroups; do echo $$ > "$cgroup/cgroup.procs"; done
  exec "$@"
'

echo "$$ $(cut -d ' ' -f 22 /proc/$$/stat)" > "$folder/pids"
while :; do
  note boot
  sh -c "$boot" "$folder/pids" "$@" < /dev/null >> "$folder/console.log" 2>&1
  status=$?
  note ended "$status"
  if [ "$status" != 133 ]; then exit 0; fi
  if [ -e "$folder/never-return" ]; then exit 0; fi
done
