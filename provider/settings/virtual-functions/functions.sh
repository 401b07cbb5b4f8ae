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
