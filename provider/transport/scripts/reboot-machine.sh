# Reboots the machine a moment after this script has ended, so that its channel closes properly. Until then, and until a
# refusal is noted in /run/pulumi-vgpu/reboot-refused, no other script changes the machine: the process aside keeps 8.
# What comes before this text may look at the processes: this ends with 76, before anything is done, where VMs run or the look
# could not finish, and prints what it saw.
umask 077
if command -v look_at_processes > /dev/null; then
  look_at_processes
  if [ -n "$vms$unread" ]; then exit 76; fi
fi
rm -f /run/pulumi-vgpu/reboot-refused
sync
setsid /bin/sh -c '
  sleep 0.3 2> /dev/null || sleep 1
  said=$({ systemctl reboot || reboot || shutdown -r now; } 2>&1) || printf "%s\n" "${said:-no reason given}" > /run/pulumi-vgpu/reboot-refused
' pulumi-vgpu:reboot < /dev/null > /dev/null 2>&1 &
