# Removes the rest of what we put here: uploads, records of this machine. The locks stay until the next boot: whoever
# removed a file that is locked would let two runs in.
rm -rf /var/lib/pulumi-vgpu /run/pulumi-vgpu/jobs /run/pulumi-vgpu/write.* /run/pulumi-vgpu/reboot-refused
forget "$1"
