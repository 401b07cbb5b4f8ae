# Virtual functions and vGPUs. Each function leaves the reason of a failure in $why.
why=
until_true() { # tenths of a second, command...
  tenths=$1
  shift
  while ! "$@"; do
    tenths=$((tenths - 1))
    [ "$tenths" -gt 0 ] || return 1
    sleep 0.1
  done
}
# Whoever asked for the others, systemd refuses the sixth start of a unit within 10 s.
may_start() { systemctl reset-failed "$@" > /dev/null 2>&1 || :; }
answers=/run/pulumi-vgpu
asked=0
waits=
# Nobody can end what the kernel holds up: so it is done by a process aside, which is left behind when it takes too long, without
# the lock. Fails then; else it leaves the exit code in $code and what was said in $why.
aside() { # tenths of a second, command...
  asked=$((asked + 1))
  answer=$answers/write.$$.$asked
  limit=$1
  shift
  mkdir -p "$answers" && rm -f "$answer" || { why="cannot write below $answers"; code=1; return 0; }
  {
    said=$("$@" 2>&1)
    printf '%s\n%.4096s' "$?" "$said" > "$answer.new"
    mv "$answer.new" "$answer"
  } < /dev/null > /dev/null 2>&1 8>&- &
  tries=0
  until [ -e "$answer" ]; do
    tries=$((tries + 1))
    [ "$tries" -lt $((20 + limit)) ] || return 1
    if [ "$tries" -le 20 ]; then sleep 0.01; else sleep 0.1; fi
  done
  { IFS= read -r code || :; why=$(cat); } < "$answer"
  code=${code:-1}
  rm -f "$answer"
}
# dash's echo turns every write error into "I/O error"; dd names the errno.
put() { printf '%s\n' "$2" | dd of="$1" bs=4096 conv=notrunc status=none; }
write_attribute() { # file, text, how long in tenths of a second: 30 s; $waits is not empty where nobody has answered by then
  aside "${3:-300}" put "$1" "$2" || { waits=$1; why="the kernel has not answered the write to $1 yet"; return 1; }
  # Of a writer that was killed nobody knows what the kernel did.
  if [ "$code" -gt 128 ]; then waits=$1 why="the write to $1 was cut off: it ended with $code"; fi
  return "$code"
}
# After a change of hardware an address that we noted may be another device's.
is_gpu() { # PCI address
  why="$1 is no GPU of NVIDIA's"
  is_address "$1" && line_of "/sys/bus/pci/devices/$1/vendor" && [ "$value" = 0x10de ] || return 1
  line_of "/sys/bus/pci/devices/$1/class"
  case $value in 0x03*) [ ! -e "/sys/bus/pci/devices/$1/physfn" ] ;; *) return 1 ;; esac
}
vf_count() {
  count=0
  while [ -e "/sys/bus/pci/devices/$1/virtfn$count/driver" ]; do count=$((count + 1)); done
}
has_vfs() { vf_count "$1"; [ "$count" -ge "$2" ]; }
# Some boards show an SR-IOV capability and never make a function: their types are on the GPU itself.
carries_itself() { [ -d "/sys/bus/pci/devices/$1/mdev_supported_types" ]; }
carries_vgpus() { carries_itself "$1" || has_vfs "$1" "$2"; }
has_no_vfs() { [ ! -e "/sys/bus/pci/devices/$1/virtfn0" ]; }
# Alone with the GPU: what runs holds a lock, so that later scripts and looks see it for as long as it does, whoever waits for it.
sriov_alone() { # -e or -d, PF
  exec 5>> "$answers/sriov-manage.$2" || return 1
  flock -w 5 5 || return 75
  IFS=' .' read -r now rest < /proc/uptime
  printf '%s %s\n' "$1" "$now" > "$answers/sriov-manage.$2"
  /usr/lib/nvidia/sriov-manage "$1" "$2"
}
sriov_patience=1200
sriov_manage() { # -e or -d, PF; only the text "unbindLock" is transient, its exit code says nothing
  locked=0 left=$sriov_patience
  while :; do
    if ! aside "$left" sriov_alone "$1" "$2"; then
      seconds=$((sriov_patience / 10))
      why="sriov-manage $1 $2 has not ended after $seconds s"
      # One cause may hold up each GPU, and a boot waits for all of them.
      sriov_patience=100
      return 1
    fi
    [ "$code" != 75 ] || { why="sriov-manage of an earlier run has not ended on $2"; return 1; }
    case $why in *unbindLock*) ;; *) return 0 ;; esac
    locked=$((locked + 1)) left=$((left - tries))
    [ "$locked" -lt 5 ] && [ "$left" -gt 0 ] || return 1
    sleep 1
  done
}
enable_vfs() { # PF, how many
  carries_vgpus "$1" "$2" && return 0
  sriov_manage -e "$1" || return 1
  until_true 900 carries_vgpus "$1" "$2" && return 0
  vf_count "$1"
  why="$count of $2 virtual functions with a driver after 90 s; sriov-manage said: $why"
  return 1
}
# What came since the look would go with what carries it: with its function, or with the driver.
carries_none() { # folders of devices; leaves in $why what is there
  for device; do
    for live in "$device"/????????-????-????-????-????????????; do
      if [ -e "$live" ]; then why="${device##*/} carries the vGPU ${live##*/} now"; return 1; fi
    done
    live=$device/nvidia/current_vgpu_type
    if [ ! -e "$live" ]; then continue; fi
    line_of "$live" && is_number "$value" || { why="whether ${device##*/} carries a vGPU could not be read: $live"; return 1; }
    if [ "$value" != 0 ]; then why="${device##*/} carries a vGPU of type number '$value' now"; return 1; fi
  done
}
disable_vfs() { # PF
  has_no_vfs "$1" && return 0
  carries_none "/sys/bus/pci/devices/$1"/virtfn* || return 1
  sriov_manage -d "$1" || return 1
  until_true 300 has_no_vfs "$1" && return 0
  why="virtual functions are still there after 30 s; sriov-manage said: $why"
  return 1
}
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
