# Commands to the driver, the modes that are set for whole GPUs, and what each failure is called and ends with.
# ECC is kept by the lab's machine and not by its driver: "SLOT mode" changed at boot id "BOOT".
ecc_file=${NVIDIA_LAB_ROOT-}/var/lib/labgpu/ecc

# Leaves the error in $why and its exit code in $rc, as NVML numbers them.
command_to() { # slot, command
  rc=0
  why=$(printf '%s\n' "$2" | dd of="$proc/gpus/$1/command" bs=4096 conv=notrunc status=none 2>&1) && return 0
  case $why in
    *busy*) rc=19 why="In use by another client" ;;
    *'not supported'*) rc=3 why="Not Supported" ;;
    *'space left'*) rc=7 why="Insufficient Resources" ;;
    *'No such'*) rc=6 why="Not Found" ;;
    *Invalid*) rc=2 why="Invalid Argument" ;;
    *ermission*|*'not permitted'*) rc=4 why="Insufficient Permissions" ;;
    *exists*) rc=7 why="Insufficient Resources" ;;
    *) rc=999 why="Unknown Error" ;;
  esac
  [ "$rc" != 999 ] || rc=255
  return 1
}

# Leaves a line "SLOT ADDRESS INDEX" in $targets for each GPU that -i means; without one the program ends with 6.
find_targets() {
  targets=$(report -f "$library/targets.awk")
  [ -n "$targets" ] || { echo "No devices were found"; exit 6; }
}

state_of() { # slot, key
  sed -n "s/^$2 //p" "$proc/gpus/$1/state"
}

set_mig_mode() { # 0 or 1
  case $1 in 1) verb=Enabled; to=enable ;; 0) verb=Disabled; to=disable ;; *) invalid "-mig $1" ;; esac
  find_targets
  worst=0
  while read -r slot address _; do
    if command_to "$slot" "mig $1"; then
      "${NVIDIA_LAB_ROOT-}/usr/lib/labgpu/inforom" set "$slot" mig "$1"
      if [ "$(state_of "$slot" mig-now)" = "$1" ]; then echo "$verb MIG Mode for GPU $address"
      else echo "Warning: MIG mode is in pending $to state for GPU $address:In use by another client"; fi
    else
      echo "Unable to $to MIG Mode for GPU $address: $why"
      if [ "$rc" = 3 ]; then echo "Treating as warning and moving on."; else worst=$rc; fi
    fi
  done <<LIST
$targets
LIST
  [ "$worst" != 0 ] || echo "All done."
  return "$worst"
}

read_boot() { read -r boot < /proc/sys/kernel/random/boot_id; }

# Leaves in $now and $next whether ECC is on; a change waits for a reboot.
ecc_of() { # slot
  now=Enabled
  next=Enabled
  while read -r slot mode before boot_of_change; do
    [ "$slot" = "$1" ] || continue
    next=$mode
    now=$mode
    if [ "$boot_of_change" = "$boot" ]; then now=$before; fi
  done 2>/dev/null < "$ecc_file"
}

ecc_rows() { # a row "SLOT NOW NEXT" for each GPU, with semicolons between
  read_boot
  for state in $states; do
    slot=${state%/state}
    slot=${slot##*/}
    ecc_of "$slot"
    printf '%s %s %s;' "$slot" "$now" "$next"
  done
}

set_ecc() { # 0 or 1
  case $1 in 1) verb=Enabled ;; 0) verb=Disabled ;; *) invalid "-e $1" ;; esac
  find_targets
  read_boot
  while read -r slot address _; do
    ecc_of "$slot"
    mkdir -p "${ecc_file%/*}"
    { grep -v "^$slot " "$ecc_file" 2>/dev/null; echo "$slot $verb $now $boot"; } > "$ecc_file.new"
    mv "$ecc_file.new" "$ecc_file"
    echo "$verb ECC support for GPU $address."
  done <<LIST
$targets
LIST
  echo "All done."
  echo "Reboot required."
}
