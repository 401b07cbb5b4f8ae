# nvidia-smi mig ...: GPU instances and compute instances. Forms: sample-outputs/mig.txt
mig_command() {
  action=
  list=
  compute=
  instances=
  while [ $# -gt 0 ]; do
    case $1 in
      -i|--id) select=${2-}; [ $# -ge 2 ] || invalid "mig $1"; shift ;;
      -lgip|--list-gpu-instance-profiles) action=lgip ;;
      -lgi|--list-gpu-instances) action=lgi ;;
      -lci|--list-compute-instances) action=lci ;;
      -cgi|--create-gpu-instance) action=cgi; list=${2-}; [ $# -ge 2 ] || invalid "mig $1"; shift ;;
      -C|--default-compute-instance) compute=yes ;;
      -gi|--gpu-instance-id) instances=${2-}; [ $# -ge 2 ] || invalid "mig $1"; shift ;;
      -cci|-dci|-ci) [ "$1" = -ci ] || action=${1#-}; case ${2-} in ''|-*) ;; *) shift ;; esac ;;
      -dgi|--destroy-gpu-instance) action=dgi ;;
      *) invalid "mig $1" ;;
    esac
    shift
  done
  find_mig_targets
  case $action in
    lgip|lgi|lci) report -v "what=$action" -f "$library/mig.awk" ;;
    cgi) on_each "create GPU instances" create_gpu_instances ;;
    cci) on_each "create compute instances" create_compute_instances ;;
    dci) on_each "destroy compute instances" destroy_compute_instances ;;
    dgi) on_each "destroy GPU instances" destroy_gpu_instances ;;
    *) invalid "mig" ;;
  esac
}

find_mig_targets() {
  find_targets
  chosen=
  while read -r slot address index; do
    if [ "$(state_of "$slot" mig-now)" = 1 ]; then chosen="$chosen $slot:$index"; fi
  done <<LIST
$targets
LIST
  [ -n "$chosen" ] || { echo "No MIG-enabled devices found."; exit 6; }
}

# What a failure is about is said once more at the end, as nvidia-smi does.
on_each() { # what it does, function
  for target in $chosen; do
    slot=${target%:*}
    index=$(printf '%2d' "${target##*:}")
    "$2" || { echo "Failed to $1: $why"; return "$rc"; }
  done
}

words_of() { printf '%s' "$1" | tr ',' ' '; }
profile_name() { sed -n "s/^gi-profile $1 [^ ]* [^ ]* [^ ]* [^ ]* [^ ]* //p" "$proc/gpus/$slot/state"; }
instance_ids() { sed -n 's/^gpu-instance \([0-9]*\) .*/\1/p' "$proc/gpus/$slot/state"; }
profile_of() { sed -n "s/^gpu-instance $1 \([0-9]*\) .*/\1/p" "$proc/gpus/$slot/state"; }

profile_number() { # number or name
  case $1 in
    *[!0-9]*) awk -v "name=$1" '$1 == "gi-profile" && ($8 == name || "MIG " $8 == name) { print $2; exit }' "$proc/gpus/$slot/state" ;;
    *) echo "$1" ;;
  esac
}

create_gpu_instances() {
  for profile in $(words_of "$list"); do
    number=$(profile_number "$profile")
    before=" $(instance_ids | tr '\n' ' ')"
    if ! command_to "$slot" "gi-create ${number:-255}"; then
      echo "Unable to create a GPU instance on GPU $index using profile $profile: $why"
      return 1
    fi
    for instance in $(instance_ids); do
      case $before in *" $instance "*) continue ;; esac
      printf 'Successfully created GPU instance ID %2d on GPU %s using profile MIG %s (ID %2d)\n' \
        "$instance" "$index" "$(profile_name "$number")" "$number"
      [ -z "$compute" ] || create_compute_instance "$instance" || return 1
    done
  done
}

create_compute_instance() { # GPU instance
  if ! command_to "$slot" "ci-create $1"; then
    printf 'Unable to create a compute instance on GPU %s GPU instance ID %2d: %s\n' "$index" "$1" "$why"
    return 1
  fi
  printf 'Successfully created compute instance ID %2d on GPU %s GPU instance ID %2d using profile MIG %s\n' \
    0 "$index" "$1" "$(profile_name "$(profile_of "$1")")"
}

wanted_instances() { if [ -n "$instances" ]; then words_of "$instances"; else instance_ids; fi; }

create_compute_instances() {
  for instance in $(wanted_instances); do create_compute_instance "$instance" || return 1; done
}

destroy_compute_instances() {
  for instance in $(wanted_instances); do
    if ! command_to "$slot" "ci-destroy $instance"; then
      if [ -z "$instances" ] && [ "$rc" = 6 ]; then continue; fi
      printf 'Unable to destroy compute instance ID %2d from GPU %s GPU instance ID %2d: %s\n' 0 "$index" "$instance" "$why"
      return 1
    fi
    printf 'Successfully destroyed compute instance ID %2d from GPU %s GPU instance ID %2d\n' 0 "$index" "$instance"
  done
}

destroy_gpu_instances() {
  for instance in $(wanted_instances); do
    if ! command_to "$slot" "gi-destroy $instance"; then
      printf 'Unable to destroy GPU instance ID %2d from GPU %s: %s\n' "$instance" "$index" "$why"
      return 1
    fi
    printf 'Successfully destroyed GPU instance ID %2d from GPU %s\n' "$instance" "$index"
  done
}
