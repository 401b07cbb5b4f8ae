# Takes our block of nouveau away, unless the machine was taken for the other kind, too, which still has it.
if [ "$side" = guest ]; then others=$manifest/nouveau; else others=$manifest/guest-nouveau; fi
if [ -e "$others" ]; then forget nouveau; exit; fi
rm -f /etc/modprobe.d/pulumi-vgpu-nouveau.conf
if command -v update-initramfs > /dev/null 2>&1 || command -v dracut > /dev/null 2>&1; then
  rebuild_images || { echo "$why" >&2; exit 1; }
fi
forget nouveau
