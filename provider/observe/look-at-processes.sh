# The VMs that run, whatever their programs are called, who has a VFIO file open, and who has NVIDIA's driver open. Reads only.
# look_at_processes prints lines of fields separated by tabs: holder PID FILE; vm PID; client PID FILE of NVIDIA's driver;
# client-of PID NAME CGROUP; word PID program NAME;
# word PID : OPTION, followed by word PID - VALUE; unread processes WHY. It leaves the VMs' PIDs in $vms, whether a file of one VFIO device is
# open in $device_files, and why it could not finish in $unread.
look_at_processes() {
  tab='	'
  newline='
'
  old_ifs=$IFS
  IFS=$newline
  unread=
  known_nodes
  sort_processes "$(open_files 2>&1 | few_clients | head -n 20000)"
  name_clients
  words=
  if [ -n "$files" ]; then words=$(command_words "$files"); fi
  leave_out_probes
  for pid in $found; do
    case " $probes " in *" $pid "*) ;; *) vms="$vms $pid"; printf 'vm\t%s\n' "$pid" ;; esac
  done
  if [ -n "$words" ]; then printf '%s\n' "$words"; fi
  if [ -n "$unread" ]; then printf 'unread\tprocesses\t%.400s\n' "$unread"; fi
  set +f
  IFS=$old_ifs
}

# A VM's process has a descriptor of KVM, VirtualBox, VMware or Hyper-V; QEMU without any is known by its name. Globs go through a
# pipe: of thousands of processes they are longer than an argument list may be. Most of the time is the kernel's, a readlink for
# each descriptor, and a stat for half of them: what is open under another name (in a container, a chroot) is known by its device
# number. So up to eight finds share it. Each line is written at once and whole, and messages when all lines are: they would mix
# else. Of a process whose first thread has ended the kernel shows what is open below its other threads only, which share it: up to
# eight are asked. That is looked for last: a first thread that ends meanwhile is seen by one of both.
open_files() {
  export LC_ALL=C cached='' numbers
  # A server of files that does not answer is not asked then.
  if stat --cached=always / > /dev/null 2>&1; then cached=--cached=always; fi
  set +f
  {
    printf '%s\0' /proc/[0-9]* | xargs -0 -n 1500 -P 8 sh -c '
      open_below() {
        { find "$@" -maxdepth 1 -type l -printf "open\t%p\t%l\0"; echo "end find $?" >&2; } |
          { grep -zvE "^open.[^[:cntrl:]]+[[:cntrl:]]([^/a]|anon_inode:([^k]|kvm-vc)|/dev/(null|urandom|ptmx|pts/[0-9]+|net/tun)$)"; echo "end grep $?" >&2; } |
          { {
            { sed -z "w /proc/self/fd/4"; echo "end sed $?" >&2; } | { cut -z -f 2; echo "end cut $?" >&2; } |
              { timeout -s KILL 20 xargs -0 -r stat -L $cached --printf "node\t%f\t%t:%T\t%n\0"; echo "end stat $?" >&2; } |
              { grep -zE --line-buffered "^node.2[0-9a-f]*.($numbers)[[:cntrl:]]" >&3; echo "end grep $?" >&2; }
          } 4>&1 | { grep -zxE --line-buffered "$files" >&3; echo "end grep $?" >&2; }; }
      }
      exec 3>&1
      files=$0 live="Z (-?[0-9]+ ){16}([2-9]|[1-9][0-9]+) "
      said=$({
        open_below $(printf "%s/fd " "$@")
        { grep -aHE "^[0-9]+ [(]([.]?qemu-(system|kvm).*|kvm)[)] ([^Z]|$live)|[)] $live" $(printf "%s/stat " "$@"); echo "end grep $?" >&2; } |
          while IFS= read -r line; do
            case $line in *" (kvm) "* | *" (qemu-system"* | *" (qemu-kvm"* | *" (.qemu-system"* | *" (.qemu-kvm"*) printf "%s\n" "$line" >&3 ;; esac
            case $line in *") Z "*) ;; *) continue ;; esac
            set -- "${line%%/stat:*}"/task/[0-9]*/fd
            if [ "$#" -gt 8 ]; then shift $(($# - 8)); fi
            open_below "$@"
          done
      } 2>&1 >&3)
      printf "%s\n" "$said"
    ' "open$tab/proc/[0-9]+(/task/[0-9]+)?/fd/[0-9]+$tab(/dev/(kvm|mshv|vboxdrvu?|vmmon|vfio/[-a-zA-Z0-9_./:]+|nvidia[-a-zA-Z0-9_./:]*)|anon_inode:\[?kvm-vm]?)( \(deleted\))?"
    echo "end xargs $?"
  } 2>&1 | tr '\000' '\n'
}

# Sets nodes, lines of a device number, in hexadecimal as stat prints it, and its file; majors, those of NVIDIA's driver, one a
# line; and numbers, a pattern of all.
known_nodes() {
  set +f
  list=''
  for node in /sys/class/misc/kvm /sys/class/misc/mshv /sys/class/misc/vboxdrv /sys/class/misc/vboxdrvu /sys/class/misc/vmmon \
    /sys/class/vfio/* /sys/class/vfio-dev/*; do
    if [ ! -e "$node/dev" ]; then continue; fi
    value=
    { IFS= read -r value < "$node/dev"; } 2> /dev/null || if [ ! -e "$node/dev" ]; then continue; fi
    case $value in *[!0-9:]* | :* | *: | *:*:*) value= ;; *:*) ;; *) value= ;; esac
    if [ -z "$value" ]; then unread="a device number could not be read: $node/dev"; continue; fi
    case $node in
      /sys/class/vfio/*) file=/dev/vfio/${node##*/} ;;
      /sys/class/vfio-dev/*) file=/dev/vfio/devices/${node##*/} ;;
      *) file=/dev/${node##*/} ;;
    esac
    list="$list${value%:*}$newline${value#*:}$newline$file$newline"
  done
  set -f
  nodes=$newline majors='' numbers=''
  if [ -n "$list" ]; then nodes="$newline$(printf '%x:%x %s\n' $list)$newline"; fi
  {
    while IFS=' ' read -r value file; do
      case $value:$file in [0-9]*:nvidia*) majors="$majors$(printf '%x' "$value")$newline" ;; esac
    done < /proc/devices
  } 2> /dev/null || unread="/proc/devices could not be read"
  numbers=$(printf '%s%s' "$nodes" "$majors" | sed -n -e 's/ .*//p' -e 's/^[0-9a-f]*$/&:[0-9a-f]*/p' | tr '\n' '|')-
}

# Everybody may open NVIDIA's files, as often as he likes: 400 such lines are enough to name who has them, and push nothing out.
few_clients() {
  LC_ALL=C sed -E "/	\/dev\/nvidia[^	]*\$|^node	[^	]*	($(printf '%s' "$majors" | tr '\n' '|')-):/{x;/^x{400}/{x;d;};s/^/x/;x;}"
}

# Sets found (VMs' PIDs), files (command lines of all that were found) and unread, and prints the holders.
sort_processes() {
  vms='' found='' files='' clients='' whole='' last='' device_files=''
  if [ ! -e /proc/1/fd ]; then unread="/proc does not show process 1"; fi
  # The kernel's own number of the first namespace, which all processes are in.
  line=$(readlink /proc/1/ns/pid)
  case $line in
    'pid:[4026531836]') if [ -e /run/systemd/container ]; then line=/run/systemd/container; else line=; fi ;;
    '') unread=${unread:-"whether the login is in a container could not be read: /proc/1/ns/pid"} ;;
    *) line="/proc/1/ns/pid is $line" ;;
  esac
  if [ -n "$line" ]; then unread="the login is in a container, which sees no process outside it ($line)"; fi
  for line in $1; do
    process=${line#*/proc/}; process=${process%%/fd/*}; process=${process%%/stat:*}; pid=${process%%/*}
    file=
    case $line in
      "open$tab/proc/"*/fd/*) file=${line##*"$tab"} ;;
      node*"$tab/proc/"*) number=${line#node"$tab"*"$tab"}; file_of_number "${number%%"$tab"*}" ;;
      /proc/*/stat:*) file=/dev/kvm ;;
      # grep: 1 is nothing found. A process that has ended meanwhile is 1 of find, 2 of grep, 123 of stat, and a message below.
      "end find "[01] | "end grep "[012] | "end sed 0" | "end cut 0" | "end stat "0 | "end stat 123") continue ;;
      "end xargs 0") whole=yes; continue ;;
      "end "*) line=${line#end }; unread="${unread:+$unread; }${line% *} ended with ${line##* }"; continue ;;
      "find: '/proc/"*"': No such file or directory" | "find: '/proc/"*"': No such process" | \
      "grep: /proc/"*": No such file or directory" | "grep: /proc/"*": No such process") continue ;;
      "stat: "*" '/proc/"*"': No such file or directory" | "stat: "*" '/proc/"*"': No such process") continue ;;
      # Only a file system of a user's own denies root, or has lost its server: no device works there.
      "stat: "*" '/proc/"*"': Permission denied" | "stat: "*" '/proc/"*"': Transport endpoint is not connected") continue ;;
      *) unread=${unread:-$line}; continue ;;
    esac
    case $file in
      '') continue ;;
      */vfio/vfio) continue ;;
      /dev/nvidia*)
        printf 'client\t%s\t%s\n' "$pid" "$file"
        case "$clients$newline" in *"$newline$pid$newline"*) ;; *) clients="$clients$newline$pid" ;; esac
        continue ;;
      /dev/vfio/*)
        printf 'holder\t%s\t%s\n' "$pid" "$file"
        case $file in /dev/vfio/devices/*) device_files=yes ;; esac ;;
      *) case "$found$newline" in *"$newline$pid$newline") ;; *"$newline$pid$newline"*) ;; *) found="$found$newline$pid" ;; esac ;;
    esac
    if [ "$process" = "$last" ]; then continue; fi
    last=$process
    case "$files$newline" in *"$newline/proc/$process/cmdline$newline"*) ;; *) files="$files$newline/proc/$process/cmdline" ;; esac
  done
  if [ -z "$whole" ]; then unread=${unread:-"the list of open files was cut"}; fi
}

file_of_number() { # MAJOR:MINOR, in hexadecimal; leaves the file in $file
  case $nodes in
    *"$newline$1 "*) file=${nodes#*"$newline$1 "}; file=${file%%"$newline"*} ;;
    *) file='/dev/nvidia*' ;;
  esac
}

# What the first of those who have NVIDIA's driver open are called, and the control group that systemd or a container runs them in.
name_clients() {
  count=0
  for pid in $clients; do
    count=$((count + 1))
    if [ "$count" -gt 20 ]; then return; fi
    name=$(head -c 64 "/proc/$pid/comm" 2> /dev/null | tr '\000-\037\177' '[ *]')
    group=$(head -c 4096 "/proc/$pid/cgroup" 2> /dev/null | sed -n -e 's,^0::,,p' -e 's,^[0-9]*:name=systemd:,,p' | head -n 1 | tr '\000-\037\177' '[ *]')
    printf 'client-of\t%s\t%s\t%.400s\n' "$pid" "$name" "$group"
  done
}

# The words of command lines that name a VM, each cut to a bounded length.
command_words() {
  export LC_ALL=C
  {
    printf 'programs\0'
    printf '%s\0' $1 | xargs -0 grep -zaHm 1 ''
    printf 'options\0'
    printf '%s\0' $1 | xargs -0 grep -zaHxEm 8 -A 1 --no-group-separator -e '--?(name|id)(=.*)?|--comment|--api-sock(et)?(=.*)?|-machine|-M|.*[.]vmx'
  } 2> /dev/null | tr '\000\001-\037\177' '\n[ *]' | cut -b 1-300 | head -n 20000 |
    sed -n "/^programs\$/,/^options\$/s,^/proc/\([0-9]*\)/[a-z0-9/]*cmdline:,word$tab\1${tab}program$tab,p
      s,^/proc/\([0-9]*\)/[a-z0-9/]*cmdline\([:-]\),word$tab\1$tab\2$tab,p"
}

# libvirt asks a QEMU without a machine what it can do: that is no VM.
leave_out_probes() {
  probes='' asked=''
  for line in $words; do
    pid=${line#*"$tab"}; pid=${pid%%"$tab"*}
    case $line in
      *"$tab:$tab-machine" | *"$tab:$tab-M") asked=$pid ;;
      "word$tab$asked$tab-$tab"none | "word$tab$asked$tab-$tab"none,*) probes="$probes $pid"; asked= ;;
      *) asked= ;;
    esac
  done
}
