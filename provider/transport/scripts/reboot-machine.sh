# Reboots the machine out of the boot $1, a moment after this script has ended, so that its channel closes properly. Until then,
# and until a refusal is noted in /run/pulumi-vgpu/reboot-refused, no other script changes the machine: the process aside keeps 8.
# One that is sent again may come when the reboot has been: another boot than $1 is left alone.
# What comes before this text may look at the processes: this ends with 76, and does not reboot, where VMs run or the look could
# not finish, and prints what it saw. It looks last of all: a VM may start while the disks are written.
umask 077
boot=
{ IFS= read -r boot < /proc/sys/kernel/random/boot_id; } 2> /dev/null
if [ "${boot:-$1}" != "$1" ]; then exit 0; fi
sync
if command -v look_at_processes > /dev/null; then
  look_at_processes
  if [ -n "$vms$unread" ]; then exit 76; fi
fi
rm -f /run/pulumi-vgpu/reboot-refused
# Of a machine that goes down already all three say that this is in progress, and fail.
setsid /bin/sh -c '
  sleep 0.3 2> /dev/null || sleep 1
  said=$({ systemctl reboot || reboot || shutdown -r now; } 2>&1) && exit
  case $said in *"already a shutdown"*"in progress"* | *"Action reboot already in progress"*) exit ;; esac
  printf "%s\n" "${said:-no reason given}" > /run/pulumi-vgpu/reboot-refused
' pulumi-vgpu:reboot < /dev/null > /dev/null 2>&1 &
