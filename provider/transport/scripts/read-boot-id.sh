# Answers the boot's id, and why a reboot was refused if it was.
cat /proc/sys/kernel/random/boot_id
cat /run/pulumi-vgpu/reboot-refused 2> /dev/null
exit 0
