# Keeps nouveau, and nova that would take its place, from loading at the next boot.
block=/etc/modprobe.d/pulumi-vgpu-nouveau.conf
line_of /proc/sys/kernel/random/boot_id
boot=$value
record nouveau state=intent || exit 1
printf 'blacklist nouveau\noptions nouveau modeset=0\nblacklist nova_core\nblacklist nova_drm\n' > "$block.new" && mv "$block.new" "$block" || exit 1
rebuild_images || { echo "$why" >&2; exit 1; }
record nouveau state=done "boot=$boot"
