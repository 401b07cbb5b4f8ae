# Removes the rest of what we put here: uploads, records of this machine.
rm -rf /var/lib/pulumi-vgpu /run/pulumi-vgpu
forget "$1"
