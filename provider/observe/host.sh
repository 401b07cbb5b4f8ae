# Facts of a vGPU host: GPUs, virtual functions, vGPUs and who uses them, our manifest. Reads only.
if [ -d /sys/class/iommu ]; then for value in /sys/class/iommu/*; do if [ -e "$value" ]; then fact iommu "${value##*/}"; fi; done; fi

active_parents=' '
links=
if [ -e /sys/bus/mdev/devices ]; then
  links=$(find /sys/bus/mdev/devices -ignore_readdir_race -mindepth 1 -maxdepth 1 -type l -printf '%f\t%l\n' 2>&1) || { unread devices "$links"; links=; }
fi
old_ifs=$IFS
IFS='
'
for value in $links; do
  target=${value#*	}; parent=${target%/*}; parent=${parent##*/}
  active_parents="$active_parents$parent "
  fact mdev "${value%%	*}" "$parent"
done
IFS=$old_ifs
# A removal that waits in the kernel for the VM that has the mdev: it has left the bus, its folder and its room stay.
removing=
for value in /sys/class/mdev_bus/*/????????-????-????-????-????????????; do
  if [ ! -e "$value" ] || [ -e "/sys/bus/mdev/devices/${value##*/}" ]; then continue; fi
  parent=${value%/*}; parent=${parent##*/}
  active_parents="$active_parents$parent "
  removing="$removing $value"
  fact mdev "${value##*/}" "$parent" removing
done

# The first lines of these files, "FILE:LINE" in $said, by one program: the shell's own read asks for each byte.
first_lines() {
  said=$(LC_ALL=C grep -a -H -m 1 '' "$@" 2>&1 < /dev/null) && return
  why=$(printf '%s\n' "$said" | sed -n '/: No such file or directory$/d; /^grep: /p')
  if [ -n "$why" ]; then unread devices "$why (in $PWD)"; fi
  said=$(printf '%s\n' "$said" | sed '/^grep: /d')
}

gpus=
unbound=
functions=
first_lines /sys/bus/pci/devices/*/vendor
# From inside a directory a name is one step, from the root it is a walk through all of /sys.
for device in $(printf '%s\n' "$said" | sed -n 's,/vendor:0x10de$,,p'); do
  cd "$device" 2>/dev/null || continue
  if [ -e physfn ]; then functions="$functions $device/"; continue; fi
  line_of class; case $value in 0x03*) ;; *) continue ;; esac
  functions="$functions $device/"
  gpus="$gpus ${device##*/}"
  if [ ! -e driver ]; then unbound="$unbound ${device##*/}"; fi
  line_of device; id=$value
  line_of subsystem_vendor; subsystem=$value
  line_of subsystem_device; subsystem=$subsystem:$value
  line_of boot_vga; boot_vga=$value
  line_of sriov_totalvfs; total=$value
  fact gpu "${device##*/}" "$id" "$subsystem" "$boot_vga" "$total"
done
if [ -n "$functions" ]; then
  # shellcheck disable=SC2086 # a list of sysfs paths, which hold no blanks
  said=$(find $functions -ignore_readdir_race -maxdepth 1 -type l \( -name driver -o -name iommu_group -o -name 'virtfn*' \) -printf 'link\t%p\t%l\n' 2>&1) ||
    unread devices "$(printf '%s\n' "$said" | grep -m 1 '^find:')"
  printf '%s\n' "$said" | grep '^link'
fi
# A board that the driver leaves alone is named in the kernel's log: by its address, or by its name alone.
if [ -n "$unbound" ]; then
  said=$(timeout 10 dmesg 2>/dev/null | grep NVRM | tail -n 100 | cut -b 1-300 | sed 's/.*NVRM:/NVRM:/')
  for gpu in $unbound; do
    printf '%s\n' "$said" | grep -A 4 --no-group-separator -e "${gpu%.*}" -e ' installed in this ' | tail -n 12 |
      while IFS= read -r value; do fact gpu-log "$gpu" "$value"; done
  done
fi
again=5
carriers=' ' # each FUNCTION=GPU
for gpu in $gpus; do
  device=/sys/bus/pci/devices/$gpu
  if [ -d "$device/mdev_supported_types" ]; then fact types-at "$gpu" "$gpu" mdev-on-pf; carriers="$carriers$gpu=$gpu "; fi
  index=0
  shown=
  any=
  named=
  cd "$device" || continue
  while [ -e "virtfn$index" ]; do
    vf=virtfn$index
    if [ -d "$vf/mdev_supported_types" ]; then
      # Its address, without a process for each.
      cd -P "$vf" && target=${PWD##*/}
      cd "$device" || break
      any=$target
      case $active_parents in
        *" $target "*) ;;
        *) if [ -z "$shown" ]; then shown=$target; fact types-at "$gpu" "$target" mdev-on-vf; carriers="$carriers$target=$gpu "; fi ;;
      esac
      if [ -n "$shown" ]; then break; fi
    elif [ -e "$vf/nvidia/current_vgpu_type" ]; then
      line_of "$vf/nvidia/current_vgpu_type"
      fact vendor-type "$gpu" "$index" "$value"
      if [ "$value" = 0 ] && [ -z "$shown" ]; then
        shown=$index
        fact types-at "$gpu" "$index" vendor-vfio
        said=$(head -c 100000 "$vf/nvidia/creatable_vgpu_types" 2>&1) || unread devices "$said"
        printf '%s\n' "$said" | while IFS= read -r value; do fact creatable "$gpu" "$value"; done
      elif [ "$value" != 0 ]; then named=yes; fi
    fi
    index=$((index + 1))
  done
  if [ -z "$shown" ] && [ -n "$any" ]; then fact types-at "$gpu" "$any" mdev-on-vf; carriers="$carriers$any=$gpu "; fi
  if [ -n "$named" ] && command -v nvidia-smi > /dev/null 2>&1; then
    # While somebody has the unbind lock, or changes functions, it does not find the GPU: that goes by.
    while :; do
      said=$({ timeout 20 nvidia-smi vgpu -s -v -i "$gpu" 2>&1 || echo "ended with $?"; } | head -c 1000000)
      case $said in
        *"ended with 124" | *"ended with 137") break ;;
        *"ended with "[1-9]* | *"No devices were found"*) ;;
        *) break ;;
      esac
      if [ "$again" = 0 ]; then break; fi
      again=$((again - 1))
      sleep 1
    done
    case $said in *"ended with "[1-9]* | *"No devices were found"*) unread types "nvidia-smi vgpu -s: $said" ;; esac
    printf '%s\n' "$said" | while IFS= read -r value; do
      case $value in *'vGPU Type ID'*|*' Name  '*|*'FB Memory'*|*'Max Instances  '*) fact smi-type "$gpu" "$value" ;; esac
    done
  fi
done
set --
cd /sys/bus/pci/devices
for value in $carriers; do
  for type in "${value%=*}"/mdev_supported_types/*; do set -- "$@" "$type/name" "$type/available_instances" "$type/description"; done
done
first_lines "$@"
type=
old_ifs=$IFS
IFS='
'
set -f
for line in $said end; do
  value=${line#*/*/*/}
  line=${line%"/$value"}
  if [ "$line" != "$type" ]; then
    gpu=${carriers#*" ${type%%/*}="}
    if [ -n "$type" ]; then fact mdev-type "${gpu%% *}" "${type##*/}" "$name" "$available" "$description"; fi
    type=$line name= available= description=
  fi
  case $value in
    name:*) name=${value#*:} ;;
    available_instances:*) available=${value#*:} ;;
    description:*) description=${value#*:} ;;
  esac
done
set +f
IFS=$old_ifs
# Parents of mdevs that are not NVIDIA's; the functions of its GPUs were asked above.
for parent in /sys/class/mdev_bus/*; do
  name=${parent##*/}
  case "$functions " in *"/$name/ "*) continue ;; esac
  if [ -d "$parent/mdev_supported_types" ]; then fact mdev-parent "$name"; fi
  for type in "$parent"/mdev_supported_types/*; do
    cd "$type" 2>/dev/null || continue
    description=
    if [ -e description ]; then
      while IFS= read -r value; do description="${description:+$description, }$value"; done < description
    fi
    line_of device_api; api=$value
    line_of available_instances; available=$value
    line_of name
    fact parent-type "$name" "${type##*/}" "$value" "$api" "$available" "$description"
  done
done
cd /
if [ -n "$links" ]; then
  said=$(find /sys/bus/mdev/devices/*/ -ignore_readdir_race -maxdepth 1 -type l \( -name mdev_type -o -name iommu_group \) -printf 'link\t%p\t%l\n' 2>&1) ||
    unread devices "$(printf '%s\n' "$said" | grep -m 1 '^find:')"
  printf '%s\n' "$said" | grep '^link'
fi
if [ -n "$links" ] && cd /sys/bus/mdev/devices; then
  users=$(LC_ALL=C grep -a -s -H -m 1 '' ./*/nvidia/vm_name)
  first_lines ./*/mdev_type/name
  printf '%s\n%s\n' "$said" "$users" | sed -n -e 's,^\./\([^/]*\)/mdev_type/name:,mdev-type-of	\1		,p' -e 's,^\./\([^/]*\)/nvidia/vm_name:,mdev-vm	\1	,p'
fi

for device in $removing; do
  value=$(readlink "$device/iommu_group")
  fact mdev-type-of "${device##*/}" "" "" "${value##*/}"
done

# A file of one device says whose it is only here.
if [ -n "$device_files" ]; then
  for value in /sys/bus/pci/devices/*/vfio-dev/* /sys/bus/mdev/devices/*/vfio-dev/* /sys/class/mdev_bus/*/????????-????-????-????-????????????/vfio-dev/*; do
    if [ -e "$value" ]; then fact vfio-device "$value"; fi
  done
fi

if command -v mdevctl > /dev/null 2>&1; then
  said=$({ timeout 20 mdevctl list -d --dumpjson 2>/dev/null || echo "ended with $?"; } | head -c 4000000)
  printf '%s\n' "$said" | while IFS= read -r value; do fact mdevctl "$value"; done
  # Debian's package (12, 13) has the program elsewhere than its own rule runs it.
  for rule in /etc/udev/rules.d/60-mdevctl.rules /usr/lib/udev/rules.d/60-mdevctl.rules /lib/udev/rules.d/60-mdevctl.rules; do
    if [ ! -e "$rule" ]; then continue; fi
    value=$(sed -n 's,.*[^/[:alnum:]]\(/[/[:alnum:]]*/mdevctl\) start-parent-mdevs.*,\1,p' "$rule" | head -n 1)
    if [ -n "$value" ] && [ ! -x "$value" ]; then fact autostart-missing "$value"; fi
    break
  done
fi
