# Installs a driver package. Done is: its installer ended with 0, and the module of that version is on disk.
run=$1 version=$2 dkms=$3 hash=$4
log=/var/lib/pulumi-vgpu/installer.log
own_blocks='/etc/modprobe.d/nvidia-installer-disable-nouveau.conf /usr/lib/modprobe.d/nvidia-installer-disable-nouveau.conf'
line_of /proc/sys/kernel/random/boot_id
boot=$value
own_packages "${run%/*}" || { echo "$why"; exit 1; }
is_package "$run" "$hash" || { echo "$why"; exit 3; }
installer_folder "$run" || { echo "$why"; exit 4; }
was_loaded=; if [ -d /sys/module/nvidia ]; then was_loaded=yes; fi
there=; for block in $own_blocks; do if [ -e "$block" ]; then there="$there $block"; fi; done
record driver state=intent "version=$version" "boot=$boot" || exit 1
rm -f "$log"
set -- --silent --accept-license --no-questions --ui=none "--log-file-name=$log"
if [ "$dkms" = yes ]; then set -- "$@" --dkms; fi
# What it leaves running must not keep the locks.
TMPDIR=$folder sh "$run" "$@" 7>&- 8>&-
code=$?
remove_installer_folders
# Where nouveau has a device the installer writes blocks of its own, which its uninstaller leaves: ours is there already.
for block in $own_blocks; do case "$there " in *" $block "*) ;; *) rm -f "$block" ;; esac; done
installed=$(modinfo -F version nvidia 2>/dev/null)
if [ "$code" != 0 ] || [ "$installed" != "$version" ]; then
  if [ -f "$log" ]; then tail -n 15 "$log"; else echo "the installer wrote no log: it ended before it began to install"; fi
  echo "installer exit code $code; module nvidia on disk: ${installed:-none}"
  if [ -n "$was_loaded" ] && [ ! -d /sys/module/nvidia ]; then echo "the driver that was loaded before is not loaded any more: the installer unloaded it"; fi
  exit 1
fi
record driver state=done "version=$version" "boot=$boot" || exit 1
[ "$dkms" = yes ] || exit 0
kernel=$(uname -r)
timeout 60 dkms status -m nvidia -v "$version" 2>/dev/null | grep -F " $kernel," | grep -q ': installed' ||
  echo "notice: DKMS does not have driver $version for kernel $kernel (dkms status): the next kernel will have no driver until this one is installed again"
exit 0
