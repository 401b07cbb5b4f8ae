# Facts of a Linux guest: the vGPU it sees, license settings, our manifest. Reads only.
for device in /sys/bus/pci/devices/*; do
  line_of "$device/vendor"; [ "$value" = 0x10de ] || continue
  line_of "$device/class"
  case $value in 0x03*) fact guest-gpu "${device##*/}" ;; esac
done
value=
if [ -f /etc/nvidia/gridd.conf ]; then
  value=$(head -c 1000000 /etc/nvidia/gridd.conf) || unread license "gridd.conf cannot be read (/etc/nvidia)"
  value=$(printf '%s\n' "$value" | sed -n 's/^[[:space:]]*FeatureType[[:space:]]*=[[:space:]]*//p' | tail -n 1)
elif [ -e /etc/nvidia/gridd.conf ]; then unread license "/etc/nvidia/gridd.conf is no regular file"; fi
fact feature-type "$value"
for token in /etc/nvidia/ClientConfigToken/*.tok; do
  if [ -f "$token" ]; then fact token "${token##*/}" "$(head -c 1000000 "$token" | sha256sum | cut -d ' ' -f 1)"; fi
done
if command -v nvidia-smi > /dev/null 2>&1; then
  said=$({ timeout 20 nvidia-smi -q 2>/dev/null || echo "ended with $?"; } | head -n 20000)
  case $said in *"ended with 124" | *"ended with 137") unread license "nvidia-smi -q has not answered within 20 s" ;; esac
  printf '%s\n' "$said" | sed -n '/Licensed Product/,/License Status/p' | while IFS= read -r value; do fact license-line "$value"; done
fi
look_at_manifest
fact end guest
