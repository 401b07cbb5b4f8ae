# Facts of a vGPU host, to the end: the boot unit, our manifest. What GPUs' settings ask of the machine comes before it.
# Where others may change it, it is not what root's boot runs.
open=$(find /usr/local/lib/pulumi-vgpu -prune \( ! -type d -o ! -uid "$(id -u)" -o -perm /022 \) 2> /dev/null)
for path in /usr/local/lib/pulumi-vgpu/restore /etc/systemd/system/pulumi-vgpu.service; do
  if [ -n "$open$(find "$path" -prune -type f \( ! -uid "$(id -u)" -o -perm /022 \) 2> /dev/null)" ]; then fact boot-file "${path##*/}" 'others may change it'
  elif [ -f "$path" ]; then fact boot-file "${path##*/}" "$(head -c 1000000 "$path" | sha256sum | cut -d ' ' -f 1)"
  elif [ -e "$path" ]; then fact boot-file "${path##*/}" 'no regular file'; fi
done
look_at_manifest
fact end host
