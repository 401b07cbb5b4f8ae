# Reboots the machine a moment after this script has ended, so that its channel closes properly. Until then, and until a
# refusal is noted in /run/pulumi-vgpu/reboot-refused, no other script changes the machine: the process aside keeps 8.
umask 077
rm -f /run/pulumi-vgpu/reboot-refused
sync
setsid /bin/sh -c '
  sleep 0.3 2> /dev/null || sleep 1
  said=$({ systemctl reboot || reboot || shutdown -r now; } 2>&1) || printf "%s\n" "${said:-no reason given}" > /run/pulumi-vgpu/reboot-refused
' pulumi-vgpu:reboot < /dev/null > /dev/null 2>&1 &
