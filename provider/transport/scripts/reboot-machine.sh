# Reboots the machine out of the boot $1, a moment after this script has ended, so that its channel closes properly. Until then,
# and until a refusal is noted in /run/pulumi-vgpu/reboot-refused, no other script changes the machine: the process aside keeps 8.
# One that is sent again may come when the reboot has been: another boot than $1 is left alone.
# Nobody waits for the reboot after second $2 since the boot: it is not ordered from then on. This ends with 77 then, and prints
# what it came to; the process aside notes it as a refusal.
# What comes before this text may look at the processes: this ends with 76, and does not reboot, where VMs run or the look could
# not finish, and prints what it saw. It looks last of all: a VM may start while the disks are written.
umask 077
boot=
{ IFS= read -r boot < /proc/sys/kernel/random/boot_id; } 2> /dev/null
if [ "${boot:-$1}" != "$1" ]; then exit 0; fi
limit=$2
in_time() { # what was done until now
  now=
  { IFS=' .' read -r now rest < /proc/uptime; } 2> /dev/null
  if [ "${now:-$limit}" -lt "$limit" ]; then return; fi
  by=
  if [ -n "$now" ]; then by=$((now - limit)); fi
  printf 'late\t%s\t%s\n' "$1" "$by"
  exit 77
}
in_time begin
sync
in_time sync
if command -v look_at_processes > /dev/null; then
  look_at_processes
  if [ -n "$vms$unread" ]; then exit 76; fi
fi
in_time look
rm -f /run/pulumi-vgpu/reboot-refused
# Of a machine that goes down already all three say that this is in progress, and fail.
setsid /bin/sh -c '
  limit=$1
  in_time() {
    now=
    { IFS=" ." read -r now rest < /proc/uptime; } 2> /dev/null
    [ "${now:-$limit}" -lt "$limit" ]
  }
  sleep 0.3 2> /dev/null || sleep 1
  said=$(in_time && { systemctl reboot || { in_time && reboot; } || { in_time && shutdown -r now; }; } 2>&1) && exit
  case $said in *"already a shutdown"*"in progress"* | *"Action reboot already in progress"*) exit ;; esac
  in_time || said="too late to be ordered${said:+: $said}"
  printf "%s\n" "${said:-no reason given}" > /run/pulumi-vgpu/reboot-refused
' pulumi-vgpu:reboot "$limit" < /dev/null > /dev/null 2>&1 &
