# Keeps nouveau, and the kernel's newer driver nova, from loading at the next boot.
record nouveau state=intent || exit 1
printf 'blacklist nouveau\noptions nouveau modeset=0\nblacklist nova_core\nblacklist nova_drm\n' > /etc/modprobe.d/pulumi-vgpu-nouveau.conf.new &&
  mv /etc/modprobe.d/pulumi-vgpu-nouveau.conf.new /etc/modprobe.d/pulumi-vgpu-nouveau.conf || exit 1
if command -v update-initramfs > /dev/null 2>&1; then update-initramfs -u >&2 || exit 1
elif command -v dracut > /dev/null 2>&1; then dracut --force >&2 || exit 1
else echo "neither update-initramfs nor dracut is here" >&2; exit 1; fi
record nouveau state=done
