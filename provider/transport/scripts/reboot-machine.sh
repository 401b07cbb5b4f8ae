# Reboots the machine a moment after this script has ended, so that its channel closes properly.
# Why a reboot was refused is noted in /run/pulumi-vgpu/reboot-refused.
umask 077
mkdir -p /run/pulumi-vgpu || exit 1
rm -f /run/pulumi-vgpu/reboot-refused
sync
setsid /bin/sh -c '
  sleep 0.3 2> /dev/null || sleep 1
  said=$({ systemctl reboot || reboot || shutdown -r now; } 2>&1) || printf "%s\n" "${said:-no reason given}" > /run/pulumi-vgpu/reboot-refused
' pulumi-vgpu:reboot < /dev/null > /dev/null 2>&1 &
