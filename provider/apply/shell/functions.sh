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
