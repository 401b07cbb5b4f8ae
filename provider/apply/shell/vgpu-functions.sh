mdev_type_named() { # function, full type name; leaves the directory name in $type
  for candidate in /sys/bus/pci/devices/"$1"/mdev_supported_types/*; do
    line_of "$candidate/name"
    if [ "$value" = "$2" ]; then type=${candidate##*/}; return 0; fi
  done
  why="$1 offers no type named $2"
  return 1
}
vendor_type_named() { # VF, full type name; leaves the number in $type
  while IFS= read -r value; do
    case $value in
      [0-9]*": $2") type=${value%%[!0-9]*}; return 0 ;;
      "$2 "[0-9]*) type=${value##* }; return 0 ;;
    esac
  done < "/sys/bus/pci/devices/$1/nvidia/creatable_vgpu_types"
  why="$1 offers no creatable type named $2 now"
  return 1
}
has_parent() { [ -d "/sys/class/mdev_bus/$1/mdev_supported_types" ]; }
# The folder of an mdev stays below its parent while its removal waits in the kernel, when it has left the bus already.
mdev_left() { # UUID; leaves the folder in $left
  for left in /sys/class/mdev_bus/*/"$1"; do if [ -e "$left" ]; then return 0; fi; done
  return 1
}
mdev_gone() { if mdev_left "$1"; then return 1; fi; }
# Removing an mdev that a VM holds blocks in the kernel and cannot be killed: look first. A VM can still come in between.
remove_mdev() { # UUID
  device=/sys/bus/mdev/devices/$1
  if [ -e "$device" ]; then
    held "$device" && return 1
    write_attribute "$device/remove" 1 100 || mdev_gone "$1" || [ -n "$waits" ] || return 1
  fi
  patient=100
  if [ -n "$waits" ]; then patient=1; fi
  if ! until_true "$patient" mdev_gone "$1"; then
    if mdev_left "$1" && held "$left"; then why="$why; the removal waits in the kernel, and ends by itself when that process does"
    else why="it is still there 10 s after its removal"; fi
    return 1
  fi
  for definition in /etc/mdevctl.d/*/"$1"; do
    [ -e "$definition" ] || continue
    why=$(mdevctl undefine -u "$1" 2>&1) || return 1
    rmdir "${definition%/*}" 2>/dev/null || :
  done
}
vf_cleared() {
  [ -n "$waits" ] || write_attribute "$1/current_vgpu_type" 0 100
  line_of "$1/current_vgpu_type"; [ "$value" = 0 ]
}
remove_vendor() { # VF, the number of the type that was seen there, if known
  device=/sys/bus/pci/devices/$1
  if [ ! -e "$device/nvidia/current_vgpu_type" ]; then return 0; fi
  line_of "$device/nvidia/current_vgpu_type" && [ -n "$value" ] || { why="whether $1 carries a vGPU could not be read: $device/nvidia/current_vgpu_type"; return 1; }
  if [ "$value" = 0 ]; then return 0; fi
  # It has no identity of its own: of another type it is not the one that was looked at.
  if [ -n "${2:-}" ] && [ "$value" != "$2" ]; then why="$1 holds a vGPU of type number '$value' now, not $2"; return 1; fi
  held "$device" && return 1
  until_true 100 vf_cleared "$device/nvidia" || return 1
}
# "yes": it was not there just now, so that what is there then came from somebody else. Not asked at boot.
absent=
# "yes": the kernel took the write that makes it.
made=
make_by() { # file, text
  write_attribute "$1" "$2" && made=yes
}
make_on_parent() { # UUID, name of the parent, mdev type
  device=/sys/bus/mdev/devices/$1
  if [ -n "$absent" ] || [ ! -e "$device" ]; then
    has_parent "$2" || { why="there is no $2 in /sys/class/mdev_bus"; return 1; }
    types=/sys/class/mdev_bus/$2/mdev_supported_types
    [ -d "$types/$3" ] || { why="$2 offers no mdev type $3"; return 1; }
    make_by "$types/$3/create" "$1" || return 1
  fi
  value=$(readlink "$device/mdev_type")
  [ "${value##*/}" = "$3" ] || { why="after its creation it is '${value##*/}'"; return 1; }
  define_mdev "$1" "$2"
}
make_mdev() { # UUID, function, full type name
  device=/sys/bus/mdev/devices/$1
  if [ -n "$absent" ] || [ ! -e "$device" ]; then
    mdev_type_named "$2" "$3" || return 1
    make_by "/sys/bus/pci/devices/$2/mdev_supported_types/$type/create" "$1" || return 1
  fi
  line_of "$device/mdev_type/name"
  [ "$value" = "$3" ] || { why="after its creation it is '$value'"; return 1; }
  define_mdev "$1" "$2"
}
adopted=
define_mdev() { # UUID, its parent; where mdevctl is used it keeps the definition, and leaves the start to our boot unit
  [ "$adopted" != yes ] || return 0 # it was there before us: its definition is not ours
  device=/sys/bus/mdev/devices/$1
  command -v mdevctl > /dev/null 2>&1 || return 0
  definition=/etc/mdevctl.d/$2/$1
  if [ ! -e "$definition" ]; then
    type=$(readlink "$device/mdev_type")
    why=$(mdevctl define -u "$1" -p "$2" -t "${type##*/}" 2>&1) || return 1
  elif grep -q '"start":[[:space:]]*"auto"' "$definition"; then
    why=$(mdevctl modify -u "$1" -p "$2" -m 2>&1) || return 1
  fi
}
make_vgpu() { # interface, UUID, parent, type as it is recorded, its number if known
  case $1 in
    vendor-vfio) make_vendor "$3" "$4" "$5" ;;
    mdev-on-parent) make_on_parent "$2" "$3" "$4" ;;
    *) make_mdev "$2" "$3" "$4" ;;
  esac
}
make_vendor() { # VF, full type name, its number if known
  attribute=/sys/bus/pci/devices/$1/nvidia/current_vgpu_type
  line_of "$attribute" && is_number "$value" || { why="whether $1 carries a vGPU could not be read: $attribute"; return 1; }
  if [ "$value" != 0 ] && [ -n "$absent" ]; then why="it was free just now"; return 1; fi
  if [ "$value" != 0 ] && [ -n "$3" ] && [ "$value" != "$3" ]; then
    why="$1 holds a vGPU of type number '$value', not $3"
    return 1
  fi
  # Without a number it is the boot's: what somebody else put there is told, and stays. A busy function's list is empty.
  if [ "$value" != 0 ] && [ -z "$3" ]; then
    live=$value
    named=$(cat /sys/bus/pci/devices/"$1"/physfn/virtfn*/nvidia/creatable_vgpu_types 2> /dev/null | sed -n "s/^ *$live *: *//p; s/ $live\$//p" | head -n 1)
    if [ -n "$named" ] && [ "$named" != "$2" ]; then
      why="$1 holds a vGPU of type '$named', not $2"
      return 1
    fi
    return 0
  fi
  if [ "$value" = 0 ]; then
    vendor_type_named "$1" "$2" || return 1
    make_by "$attribute" "$type" || return 1
    line_of "$attribute"
    [ "$value" = "$type" ] || { why="current_vgpu_type reads '$value' after writing $type"; return 1; }
  fi
}
