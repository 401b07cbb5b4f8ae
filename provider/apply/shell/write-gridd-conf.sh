# Sets FeatureType in gridd.conf, other settings stay; the file as it was, or that there was none, is kept until removal.
conf=/etc/nvidia/gridd.conf
kept=/var/lib/pulumi-vgpu/gridd.conf.before
none=/var/lib/pulumi-vgpu/gridd.conf.none
mkdir -p /etc/nvidia && own_folder /var/lib/pulumi-vgpu || { echo "$why" >&2; exit 1; }
if [ ! -e "$kept" ] && [ ! -e "$none" ]; then
  if [ -f "$conf" ]; then cp -p "$conf" "$kept.new" && sync "$kept.new" && mv "$kept.new" "$kept"
  else : > "$none" && sync "$none"; fi || exit 1
fi
record gridd state=intent || exit 1
base=$conf
if [ ! -f "$base" ]; then base=/etc/nvidia/gridd.conf.template; fi
if [ ! -f "$base" ]; then base=/dev/null; fi
# Of a file that is not text everywhere grep leaves out the rest.
{ grep -a -v '^[[:space:]]*FeatureType[[:space:]]*=' "$base" || [ $? = 1 ]; } > "$conf.new" &&
  printf 'FeatureType=%s\n' "$1" >> "$conf.new" &&
  mv "$conf.new" "$conf" && sync "$conf"
