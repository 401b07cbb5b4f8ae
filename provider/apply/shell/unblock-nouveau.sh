# Takes our block of nouveau away.
rm -f /etc/modprobe.d/pulumi-vgpu-nouveau.conf
if command -v update-initramfs > /dev/null 2>&1; then update-initramfs -u >&2 || exit 1
elif command -v dracut > /dev/null 2>&1; then dracut --force >&2 || exit 1; fi
forget nouveau
