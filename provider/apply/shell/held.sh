# Who uses a device, as /proc shows it.
# A file that is no longer there stays open for whoever has it. Under another name (in a container, a chroot) it has the same
# device number; a server of files that does not answer is not asked for that, where stat can do without.
open_below() { # folders of open files; prints those of held
  find "$@" -maxdepth 1 \( -lname "$group" -o -lname "$group (deleted)" -o -lname "$character" -o -lname "$character (deleted)" \) -printf 'open %p\n'
  echo "find ended with $?"
  if [ -z "$numbers" ]; then return; fi
  cached=
  if stat --cached=always / > /dev/null 2>&1; then cached=--cached=always; fi
  # shellcheck disable=SC2086 # one option or none
  { find "$@" -maxdepth 1 -type l -print0; echo "find ended with $?" >&2; } | timeout -s KILL 60 xargs -0 -r stat -L $cached --format='node %f %t:%T %n'
  echo "stat ended with $?"
}
# Of a process whose first thread has ended the kernel shows what is open below its other threads only, which share it: up to
# eight are told.
other_threads() {
  { grep -aHE '[)] Z (-?[0-9]+ ){16}([2-9]|[1-9][0-9]+) ' /proc/[0-9]*/stat; echo "grep ended with $?" >&2; } | while IFS= read -r line; do
    set -- "${line%%/stat:*}"/task/[0-9]*/fd
    if [ "$#" -gt 8 ]; then shift $(($# - 8)); fi
    printf '%s\n' "$@"
  done
}
held() { # sysfs directory of a device; leaves who has its VFIO file open in $why
  group=$(readlink "$1/iommu_group")
  group=${group##*/} character=none numbers=
  if [ -L "$1/iommu_group" ] && [ -z "$group" ]; then why="who uses it could not be read: $1/iommu_group"; return 0; fi
  for node in "/sys/class/vfio/${group:-none}" "$1"/vfio-dev/*; do
    if [ ! -e "$node" ]; then continue; fi
    # A kernel without files for single devices (Debian's) shows them all the same, and no number.
    case $node in */vfio-dev/*) character=${node##*/}; if [ ! -e "$node/dev" ]; then continue; fi ;; esac
    line_of "$node/dev"
    case $value in
      *[!0-9:]* | :* | *: | *:*:*) value= ;;
      *:*) numbers="$numbers$(printf '%x:%x' "${value%:*}" "${value#*:}")|" ;;
      *) value= ;;
    esac
    if [ -z "$value" ]; then why="who uses it could not be read: $node/dev"; return 0; fi
  done
  group=/dev/vfio/$group character=/dev/vfio/devices/$character
  # A first thread that ends meanwhile is seen by one of both.
  seen=$({
    open_below /proc/[0-9]*/fd
    folders=$(other_threads)
    # shellcheck disable=SC2086 # folders of numbers
    if [ -n "$folders" ]; then open_below $folders; fi
  } 2>&1 | sed -E -e "s,^node 2[0-9a-f]* (${numbers}none) ,open ," -e '/^node /d')
  why=$(printf '%s\n' "$seen" | sed -n 's/^open //p' | head -n 1)
  if [ -z "$why" ]; then
    # Of a process that has ended meanwhile they say that it is not there, and end with 1 and 123. stat is denied, or finds nobody
    # at the other end, where a user's own file system has the file: no device works there. Of anything else nobody knows.
    why=$(printf '%s\n' "$seen" | grep -v -x -e 'find ended with [01]' -e 'grep ended with [012]' -e 'stat ended with 0' -e 'stat ended with 123' \
      -e '.*No such file or directory' -e '.*No such process' -e 'stat: .*Permission denied' -e 'stat: .*Transport endpoint is not connected' | head -n 1)
    case $seen in *'find ended with '*) ;; *) why='the list of open files was cut' ;; esac
    if [ -z "$why" ]; then return 1; fi
    why="who uses it could not be read: $why"
    return 0
  fi
  pid=${why#*/proc/}; pid=${pid%%/*}
  vm=$(tr '\000' '\n' < "${why%%/fd/*}/cmdline" 2>/dev/null | sed -n 's/^guest=\([^,]*\).*/\1/p' | head -n 1)
  why="process $pid${vm:+ (VM $vm)} has it open"
}
