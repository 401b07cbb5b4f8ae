# nvidia-smi vgpu ...: tables of vGPUs and their types, mixed-size mode, the scheduler.
vgpu_command() {
  action=table
  verbose=
  value=
  while [ $# -gt 0 ]; do
    case $1 in
      -i|--id) select=${2-}; [ $# -ge 2 ] || invalid "vgpu $1"; shift ;;
      --id=*) select=${1#*=} ;;
      -q|--query) action=query ;;
      -s|--supported) action=supported ;;
      -c|--creatable) action=creatable ;;
      -v|--verbose) verbose=1 ;;
      -ss|--scheduler-state) action=scheduler-state ;;
      -sc|--scheduler-caps) action=scheduler-caps ;;
      -shm|--set-heterogeneous-mode) action=mixed-size; value=${2-}; [ $# -ge 2 ] || invalid "vgpu $1"; shift ;;
      set-scheduler-state) shift; set_scheduler "$@"; return ;;
      *) invalid "vgpu $1" ;;
    esac
    shift
  done
  case $action in
    table|query) report -f "$library/vgpu-$action.awk" ;;
    supported|creatable) types_report ;;
    scheduler-*) report -v "what=${action#*-}" -f "$library/scheduler.awk" ;;
    mixed-size) set_mixed_size "$value" ;;
  esac
}

types_report() {
  # shellcheck disable=SC2086 # a list of paths without blanks
  awk -v "select=$select" -v "what=$action" -v "verbose=$verbose" -f "$library/types.awk" -f "$library/common.awk" \
    table=1 "$proc/vgpu-types" table=0 $states
}

set_mixed_size() { # 0 or 1
  case $1 in 1) verb=Enabled ;; 0) verb=Disabled ;; *) invalid "vgpu -shm $1" ;; esac
  find_targets
  worst=0
  while read -r slot address _; do
    if command_to "$slot" "mixed-size $1"; then
      echo "$verb vGPU heterogeneous mode for GPU $address"
    else
      echo "Unable to set vGPU heterogeneous mode for GPU $address: $why"
      worst=$rc
    fi
  done <<LIST
$targets
LIST
  return "$worst"
}

clamped() { # number, least, most
  if [ "$1" -lt "$2" ]; then echo "$2"; elif [ "$1" -gt "$3" ]; then echo "$3"; else echo "$1"; fi
}

# Numbers out of range are clamped; frequency and averaging go with adaptive round robin, the time slice without it.
set_scheduler() {
  policy=
  adaptive=
  frequency=
  average=
  slice=
  while [ $# -gt 0 ]; do
    [ $# -ge 2 ] || invalid "vgpu set-scheduler-state $1"
    case $2 in *[!0-9]*) [ "$1" = -i ] || invalid "vgpu set-scheduler-state $1 $2" ;; esac
    case $1 in
      -i|--id) select=$2 ;;
      -p|--policy) policy=$2 ;;
      -a|--arr-mode) adaptive=$2 ;;
      -asf|--arr-strategy-frequency) frequency=$(clamped "$2" 63 960) ;;
      -aavg|--arr-averaging-factor) average=$(clamped "$2" 1 60) ;;
      -ts|--time-slice) slice=$(clamped "$2" 1000000 30000000) ;;
      *) invalid "vgpu set-scheduler-state $1" ;;
    esac
    shift 2
  done
  [ -n "$policy" ] || invalid "vgpu set-scheduler-state without -p"
  case $policy in
    1) adaptive=${adaptive:-0} ;;
    2|3) adaptive=${adaptive:-1} ;;
    *) echo "Unable to set the vGPU scheduler state. Not supported"; return 3 ;;
  esac
  if [ "$adaptive" = 1 ] && [ -n "$slice" ]; then invalid "-ts with -a 1"; fi
  if [ "$adaptive" = 0 ] && [ -n "$frequency$average" ]; then invalid "-asf, -aavg with -a 0"; fi
  if [ -n "$frequency" ]; then slice=$((1000000000 / frequency)); fi
  tell_scheduler
}

tell_scheduler() {
  find_targets
  worst=0
  while read -r slot address _; do
    if command_to "$slot" "scheduler $policy $adaptive ${average:-33} ${slice:-0}"; then
      echo "Set the vGPU scheduler state on GPU \"$address\"."
      continue
    fi
    worst=$rc
    if [ "$rc" = 3 ]; then echo "Unable to set the vGPU scheduler state. Not supported"; continue; fi
    echo "Unable to set the vGPU scheduler state on GPU \"$address\"."
    if [ "$rc" = 19 ]; then echo "vGPU scheduler state cannot be configured, if vGPU instance is currently active on the device."
    else echo "$why"; fi
  done <<LIST
$targets
LIST
  return "$worst"
}
