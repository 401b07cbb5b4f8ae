# Installs the unit that restores vGPUs at boot, and the script it runs, which comes on standard input: it is too long for a command.
own_folder /usr/local/lib/pulumi-vgpu || { echo "$why" >&2; exit 1; }
rm -f /usr/local/lib/pulumi-vgpu/restore.new /etc/systemd/system/pulumi-vgpu.service.new &&
  cat > /usr/local/lib/pulumi-vgpu/restore.new &&
  chmod 755 /usr/local/lib/pulumi-vgpu/restore.new &&
  mv -T /usr/local/lib/pulumi-vgpu/restore.new /usr/local/lib/pulumi-vgpu/restore &&
  printf '%s' "$1" > /etc/systemd/system/pulumi-vgpu.service.new &&
  mv -T /etc/systemd/system/pulumi-vgpu.service.new /etc/systemd/system/pulumi-vgpu.service &&
  sync /usr/local/lib/pulumi-vgpu/restore /etc/systemd/system/pulumi-vgpu.service || exit 1
systemctl daemon-reload >&2
systemctl enable pulumi-vgpu.service >&2
