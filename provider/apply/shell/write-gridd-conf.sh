# Sets FeatureType in gridd.conf, other settings stay; the file as it was is kept until removal.
conf=/etc/nvidia/gridd.conf
kept=/var/lib/pulumi-vgpu/gridd.conf.before
mkdir -p /etc/nvidia /var/lib/pulumi-vgpu && record gridd state=intent || exit 1
if [ -f "$conf" ] && [ ! -f "$kept" ]; then cp -p "$conf" "$kept" || exit 1; fi
base=$conf
if [ ! -f "$base" ]; then base=/etc/nvidia/gridd.conf.template; fi
{ grep -v '^[[:space:]]*FeatureType[[:space:]]*=' "$base" 2>/dev/null; printf 'FeatureType=%s\n' "$1"; } > "$conf.new" &&
  mv "$conf.new" "$conf" && sync "$conf"
