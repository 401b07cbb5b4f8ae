# Misbehaviour on request, in the words of the simulated hosts (test/host/model/faults.ts): the first word of
# /etc/nvidia-lab/installer is "nothing", "hang", "die", "fail-once" or "no-module".
fault_file=/etc/nvidia-lab/installer

fault_is() { # word
  fault=
  { read -r fault _ < "$fault_file"; } 2>/dev/null || :
  [ "$fault" = "$1" ]
}

fault_before() {
  if fault_is nothing; then exit 0; fi
  if fault_is hang; then while :; do sleep 3600; done; fi
  if fault_is fail-once; then
    rm -f "$fault_file"
    refuse "An error occurred while performing the step: \"Building kernel modules\": the compiler was ended by a signal."
  fi
}

fault_half_way() {
  if fault_is die; then kill -9 $$; fi
}
