# What nvidia-smi of a host and of a guest have in common. NVIDIA_LAB_ROOT puts /proc and /dev elsewhere, for tests.
LC_ALL=C
export LC_ALL
proc=${NVIDIA_LAB_ROOT-}/proc/driver/nvidia
library=${NVIDIA_LAB_ROOT-}/usr/lib/nvidia/smi
select=

no_driver() {
  echo "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the latest NVIDIA driver is installed and running."
  echo
  exit 9
}

# Asks the driver as an NVML client, which it stays until this program ends; then every GPU knows of one more.
open_driver() {
  [ -e "${NVIDIA_LAB_ROOT-}/dev/nvidiactl" ] || no_driver
  { exec 9< "${NVIDIA_LAB_ROOT-}/dev/nvidiactl"; } 2>/dev/null || no_driver
  version=$(sed -n '1s/.*Kernel Module *\([0-9.]*\).*/\1/p' "$proc/version") || no_driver
  states=
  for gpu in "$proc"/gpus/*/state; do [ ! -e "$gpu" ] || states="$states $gpu"; done
  [ -n "$states" ] || { echo "No devices were found"; exit 6; }
}

invalid() { # the word that nobody knows, where it stood
  echo "Invalid combination of input arguments. Please run 'nvidia-smi -h' for help."
  echo "Unknown here: $*"
  exit 2
}

report() { # awk options and programs...
  # shellcheck disable=SC2086 # a list of paths without blanks
  awk -v "version=$version" -v "now=$(date '+%a %b %e %H:%M:%S %Y')" -v "select=$select" -f "$library/common.awk" "$@" $states
}

# The version of CUDA that a guest's driver brings. Source of the pairs: NVIDIA's CUDA release notes, by driver branch
cuda_version() {
  case ${version%%.*} in
    510|511) echo 11.6 ;; 525) echo 12.0 ;; 535) echo 12.2 ;; 550) echo 12.4 ;; 570) echo 12.8 ;; 580) echo 13.0 ;; *) echo N/A ;;
  esac
}
