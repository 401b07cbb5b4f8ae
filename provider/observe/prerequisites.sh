# Facts that decide whether the vendor's installer can put a driver on this machine. Reads only. Follows machine.sh.
for file in /etc/os-release /usr/lib/os-release; do
  [ -f "$file" ] || continue
  while IFS= read -r value; do
    case $value in ID=*|ID_LIKE=*|VERSION_ID=*) fact os-release "${value%%=*}" "${value#*=}" ;; esac
  done < "$file"
  break
done
if command -v ld > /dev/null 2>&1; then fact tool ld; fi
if [ -e /usr/include/stdio.h ]; then fact libc-headers yes; fi
alternate=/usr/lib/nvidia/alternate-install-present
if [ -e "$alternate" ]; then fact alternate-install "$alternate"; fi
# Anybody may put a file into /tmp: only a plain one is read, and no more of it than a process number takes.
for number in 0 1 2 3 4 5 6 7; do
  [ -f "/tmp/.X$number-lock" ] || continue
  pid=$(timeout 2 head -c 16 "/tmp/.X$number-lock" 2>/dev/null | tr -cd 0-9)
  if [ -n "$pid" ] && [ -d "/proc/$pid" ]; then line_of "/proc/$pid/comm"; fact x-server "/tmp/.X$number-lock" "$pid" "$value"; fi
done
for file in "/boot/config-$kernel" "/lib/modules/$kernel/config" "/lib/modules/$kernel/build/.config"; do
  [ -r "$file" ] || continue
  fact kernel-config-file "$file"
  grep -E '^CONFIG_(VFIO_MDEV|VFIO_PCI_CORE|KVM_VFIO|VFIO_IOMMU_TYPE1|IOMMUFD_VFIO_CONTAINER)=[my]$' "$file" 2>/dev/null |
    while IFS= read -r value; do fact kernel-config "${value%%=*}"; done
  break
done
for value in nova_core nova_drm; do if [ -d "/sys/module/$value" ]; then fact nova-loaded "$value"; fi; done
grep -ls '^[[:space:]]*blacklist[[:space:]]\{1,\}nova_core' /etc/modprobe.d/*.conf /run/modprobe.d/*.conf /usr/lib/modprobe.d/*.conf 2>/dev/null |
  while IFS= read -r value; do fact nova-blocked "$value"; done

# A package is a driver by what is in it: repositories, preferences and assistants are called like drivers, too.
manager_files='/(nvidia-vgpud|nvidia-vgpu-mgr|sriov-manage|nvidia-gridd)$|/nvidia-vgpu-vfio'
# Its modules by name: a kernel of the distribution brings nvidia-wmi-ec-backlight and nvidiafb, and they are none of it.
driver_files='/nvidia([-_](current|tesla|legacy)[^/]*)?([-_](drm|modeset|uvm|peermem|vgpu[-_]vfio))?\.ko(\.[a-z0-9]+)?$|^(/usr)?/lib/modules/[^/]+/kernel/nvidia-[0-9][^/]*/.*\.o$|^/usr/src/(nvidia[^/]*/|akmods/nvidia|modules/nvidia|kernel-modules/nvidia)|/(libcuda|libGLX_nvidia|libnvidia-(ml|cfg|glcore|gpucomp|compiler|ptxjitcompiler))\.so|/nvidia_drv\.so'
judge() { # package, its state; the paths in it come on standard input
  files=$(grep '^/' | grep -v -e /stubs/ -e '^/usr/src/nvidia-fs' -e '^/usr/src/nvidia-peer-memory' | head -n 20000)
  if [ -z "$files" ]; then
    case $1 in
      nvidia-driver-local-repo*|nvidia-driver-pinning*|nvidia-driver-assistant*) ;;
      nvidia-driver*|nvidia-dkms*|nvidia-kernel*|cuda-drivers*|kmod-nvidia*|akmod-nvidia*) fact distribution-driver "$1" "$2" ;;
    esac
  elif printf '%s\n' "$files" | grep -qE "$manager_files"; then :
  elif printf '%s\n' "$files" | grep -qE "$driver_files"; then fact distribution-driver "$1" "$2"
  else case $1 in nvidia-driver|nvidia-driver-[0-9]*|cuda-drivers*) fact driver-metapackage "$1" "$2" ;; esac; fi
}
tab='	'
# Both are asked where both are there: either may be a mere tool beside the other. One without a database of its own is that.
if command -v dpkg-query > /dev/null 2>&1; then
  packages=$(timeout 20 dpkg-query -W -f '${db:Status-Abbrev}\t${Package}\n' '*nvidia*' 'cuda-drivers*' 2>/dev/null)
  code=$?
  # 1 says only that one of the patterns fits no package.
  if [ "$code" -gt 1 ] && { [ -e /var/lib/dpkg/status ] || ! command -v rpm > /dev/null 2>&1; }; then fact packages-unread "dpkg-query exit code $code"; fi
  printf '%s\n' "$packages" | grep '^.[HUFWti]' | head -n 200 | while IFS=$tab read -r state package; do
    timeout 10 dpkg-query -L "$package" 2>/dev/null | judge "$package" "$state"
  done
fi
rpm_database() {
  for file in /var/lib/rpm/Packages* /var/lib/rpm/rpmdb.sqlite /usr/lib/sysimage/rpm/Packages* /usr/lib/sysimage/rpm/rpmdb.sqlite; do
    if [ -e "$file" ]; then return 0; fi
  done
  return 1
}
if command -v rpm > /dev/null 2>&1; then
  packages=$(timeout 20 rpm -qa --qf '%{NAME}\n' '*nvidia*' 'cuda-drivers*' 2>/dev/null)
  code=$?
  if [ "$code" != 0 ] && { rpm_database || ! command -v dpkg-query > /dev/null 2>&1; }; then fact packages-unread "rpm exit code $code"; fi
  printf '%s\n' "$packages" | grep . | head -n 200 | while IFS= read -r package; do
    timeout 10 rpm -ql "$package" 2>/dev/null | judge "$package" installed
  done
fi
# Whose the module on disk is, where the vendor's uninstaller is not there to take it away.
owner_of() { # file; leaves the package that brought it in $owner
  owner=
  if command -v dpkg-query > /dev/null 2>&1; then
    owner=$(timeout 10 dpkg-query -S "$1" 2>/dev/null | head -n 1); owner=${owner%%: *}; owner=${owner%%:*}
  fi
  if [ -z "$owner" ] && command -v rpm > /dev/null 2>&1; then owner=$(timeout 10 rpm -qf --qf '%{NAME}\n' "$1" 2>/dev/null) || owner=; fi
}
value=
if [ -z "$no_module" ] && ! command -v nvidia-uninstall > /dev/null 2>&1; then value=$(modinfo -F filename nvidia 2>/dev/null | head -n 1); fi
if [ -n "$value" ]; then
  fact module-file "$value"
  version=$(modinfo -F version nvidia 2>/dev/null | head -n 1)
  for file in "$value" "/usr$value" "${value#/usr}" "/usr/src/nvidia-$version/dkms.conf"; do
    owner_of "$file"
    if [ -n "$owner" ]; then fact module-package "$owner"; break; fi
  done
fi

# What will keep the images of a boot from being made anew, the installer from unpacking itself, and the driver from
# getting its place, as far as it shows without writing.
mount_of() { # folder; leaves the nearest folder that is there in $at, the room below it in KiB in $free, its mount options in $options
  at=$1 options=
  until [ -d "$at" ]; do at=${at%/*}; at=${at:-/}; done
  value=$(timeout 5 df -P -k "$at" 2>/dev/null | { read -r _; read -r _ _ _ free _ point; printf '%s %s' "$free" "$point"; })
  free=${value%% *} point=${value#* }
  while read -r _ value _ list _; do if [ "$value" = "$point" ]; then options=$list; fi; done < /proc/self/mounts
}
image_here() {
  for value in /boot/initrd.img-* /boot/initramfs-*.img /boot/initrd-*; do if [ -e "$value" ]; then return 0; fi; done
  return 1
}
settings=/etc/initramfs-tools/update-initramfs.conf
if command -v update-initramfs > /dev/null 2>&1; then
  if image_here && [ -f "$settings" ] && grep -qs '^[[:space:]]*update_initramfs=no' "$settings"; then fact images-kept "update_initramfs=no in $settings"; fi
elif ! command -v dracut > /dev/null 2>&1; then
  if command -v mkinitcpio > /dev/null 2>&1; then fact images-kept 'mkinitcpio makes them here, which is not supported yet'
  else fact images-kept 'neither update-initramfs nor dracut is here'; fi
fi
if image_here; then
  mount_of /boot
  case ,$options, in *,ro,*) fact images-kept "/boot is mounted read-only ($point)" ;; esac
fi
for folder in /var/lib/pulumi-vgpu/installer /usr/local/lib/pulumi-vgpu/installer; do
  mount_of "$folder"
  # What a run that was cut off left there goes before it is filled again.
  left=
  case $folder in /var/*) set -- "$folder" "${folder%/*}"/packages/*.part ;; *) set -- "$folder" ;; esac
  for value; do
    if [ -e "$value" ]; then left=$((${left:-0} + $(timeout 5 du -s -k "$value" 2>/dev/null | cut -f 1 | grep -x '[0-9][0-9]*' || echo 0))); fi
  done
  case $free in *[!0-9]* | '') ;; *) free=$((free + ${left:-0})) ;; esac
  fact installer-folder "$folder" "$point" "$free" "$options"
done
for folder in /usr "/lib/modules/$kernel"; do mount_of "$folder"; fact driver-folder "$folder" "$point" "$free" "$options"; done
