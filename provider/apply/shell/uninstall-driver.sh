# Removes the driver that we installed. $1, $2: file and sha256 of what takes its place, which must be ready first.
log=/var/lib/pulumi-vgpu/uninstaller.log
if [ -n "$1" ]; then
  own_packages "${1%/*}" || { echo "$why"; exit 1; }
  is_package "$1" "$2" || { echo "$why"; exit 3; }
  installer_folder "$1" || { echo "$why"; exit 4; }
fi
for device in /sys/bus/pci/devices/*; do
  line_of "$device/vendor"
  if [ "$value" = 0x10de ]; then carries_none "$device" || { echo "$why"; exit 1; }; fi
done
remove_installer_folders
field_of driver version
version=$value
code='none: it is not there'
if command -v nvidia-uninstall > /dev/null 2>&1; then
  own_folder "${log%/*}" && rm -f "$log" || { echo "$why"; exit 1; }
  nvidia-uninstall --silent "--log-file-name=$log" 7>&- 8>&-
  code=$?
fi
# It ends with 0 when it failed, too. A shell remembers where a program that it ran was.
hash -r
left=
value=$(modinfo -F version nvidia 2>/dev/null)
if [ -n "$value" ]; then left="module nvidia $value"; fi
if command -v nvidia-uninstall > /dev/null 2>&1; then left="${left:+$left, }nvidia-uninstall"; fi
if [ -n "$version" ] && [ -e "/var/lib/dkms/nvidia/$version/source" ]; then left="${left:+$left, }nvidia/$version in DKMS"; fi
if [ -n "$left" ]; then
  if [ -f "$log" ]; then tail -n 15 "$log"; fi
  echo "exit code of nvidia-uninstall: $code; still there: $left"
  exit 1
fi
forget driver
