# Facts of a Linux guest: the vGPU it sees, license settings, our manifest. Reads only.
for device in /sys/bus/pci/devices/*; do
  line_of "$device/vendor"; [ "$value" = 0x10de ] || continue
  line_of "$device/class"
  case $value in 0x03*) fact guest-gpu "${device##*/}" ;; esac
done
value=$(sed -n 's/^[[:space:]]*FeatureType[[:space:]]*=[[:space:]]*//p' /etc/nvidia/gridd.conf 2>/dev/null | tail -n 1)
fact feature-type "$value"
for token in /etc/nvidia/ClientConfigToken/*.tok; do
  if [ -f "$token" ]; then fact token "${token##*/}" "$(sha256sum < "$token" | cut -d ' ' -f 1)"; fi
done
if command -v nvidia-smi > /dev/null 2>&1; then
  timeout 20 nvidia-smi -q 2>/dev/null | sed -n '/Licensed Product/,/License Status/p' | while IFS= read -r value; do fact license-line "$value"; done
fi
grep -rHs --exclude='*.new' '' /etc/pulumi-vgpu 2>/dev/null | while IFS= read -r value; do fact manifest "${value#/etc/pulumi-vgpu/}"; done
fact end guest
