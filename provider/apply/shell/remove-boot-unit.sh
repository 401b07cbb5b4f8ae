# Removes the boot unit and its script.
systemctl disable pulumi-vgpu.service >&2 2>/dev/null
rm -f /etc/systemd/system/pulumi-vgpu.service
rm -rf /usr/local/lib/pulumi-vgpu
systemctl daemon-reload >&2
[ ! -e /etc/systemd/system/pulumi-vgpu.service ]
