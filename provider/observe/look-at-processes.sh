# The VMs that run, whatever their programs are called, who has a VFIO file open, and who has NVIDIA's driver open. Reads only.
# look_at_processes prints lines of fields separated by tabs: holder PID FILE; vm PID; client PID FILE of NVIDIA's driver;
# client-of PID NAME CGROUP; word PID program NAME;
# word PID : OPTION, followed by word PID - VALUE; unread processes WHY. It leaves the VMs' PIDs in $vms, and why it could not finish in $unread.
look_at_processes() {
  tab='	'
  newline='
'
  old_ifs=$IFS
  IFS=$newline
  set -f
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

# A VM's process has a descriptor of KVM; QEMU without KVM is known by its name. Globs go through a pipe: of thousands of
# processes they are longer than an argument list may be. Most of the time is the kernel's, a readlink for each descriptor: so
# up to eight finds share it. Each line is written at once and whole, and messages when all lines are: they would mix else.
open_files() {
  export LC_ALL=C
  set +f
  {
    printf '%s\0' /proc/[0-9]* | xargs -0 -n 750 -P 8 sh -c '
      exec 3>&1
      said=$({
        { find $(printf "%s/fd " "$@") -maxdepth 1 -type l -printf "open\t%p\t%l\0"; echo "end find $?" >&2; } |
          { grep -zxE --line-buffered "$0"; echo "end grep $?" >&2; }
        grep -HxE --line-buffered "[.]?qemu-(system|kvm).*|kvm" $(printf "%s/comm " "$@")
        echo "end grep $?" >&2
      } 2>&1 >&3)
      printf "%s\n" "$said"
    ' "open$tab/proc/[0-9]+/fd/[0-9]+$tab(/dev/kvm|anon_inode:kvm-vm|/dev/vfio/|/dev/nvidia)[-a-zA-Z0-9_./:() ]*"
    echo "end xargs $?"
  } 2>&1 | tr '\000' '\n'
}

# Everybody may open NVIDIA's files, as often as he likes: 400 such lines are enough to name who has them, and push nothing out.
few_clients() { LC_ALL=C sed '/	\/dev\/nvidia[^	]*$/{x;/^x\{400\}/{x;d;};s/^/x/;x;}'; }

# Sets found (VMs' PIDs), files (command lines of all that were found) and unread, and prints the holders.
sort_processes() {
  vms='' found='' files='' clients='' unread='' whole=''
  if [ ! -e /proc/1/fd ]; then unread="/proc does not show process 1"; fi
  for line in $1; do
    pid=${line#*/proc/}; pid=${pid%%/*}
    case $line in
      "open$tab/proc/"*/fd/*"$tab/dev/vfio/vfio") continue ;;
      "open$tab/proc/"*/fd/*"$tab/dev/nvidia"*)
        printf 'client\t%s\t%s\n' "$pid" "${line##*"$tab"}"
        case "$clients$newline" in *"$newline$pid$newline"*) ;; *) clients="$clients$newline$pid" ;; esac
        continue ;;
      "open$tab/proc/"*/fd/*"$tab/dev/vfio/"*) printf 'holder\t%s\t%s\n' "$pid" "${line##*"$tab"}" ;;
      "open$tab/proc/"*/fd/* | /proc/*/comm:*) case "$found$newline" in *"$newline$pid$newline"*) ;; *) found="$found$newline$pid" ;; esac ;;
      # grep: 1 is nothing found. A process that has ended meanwhile is 1 of find, 2 of grep, and a message below.
      "end find "[01] | "end grep "[012]) continue ;;
      "end xargs 0") whole=yes; continue ;;
      "end "*) line=${line#end }; unread="${unread:+$unread; }${line% *} ended with ${line##* }"; continue ;;
      "find: '/proc/"*"': No such file or directory" | "find: '/proc/"*"': No such process" | \
      "grep: /proc/"*": No such file or directory" | "grep: /proc/"*": No such process") continue ;;
      *) unread=${unread:-$line}; continue ;;
    esac
    case "$files$newline" in *"$newline/proc/$pid/cmdline$newline"*) ;; *) files="$files$newline/proc/$pid/cmdline" ;; esac
  done
  if [ -z "$whole" ]; then unread=${unread:-"the list of open files was cut"}; fi
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
    printf '%s\0' $1 | xargs -0 grep -zaHxEm 8 -A 1 --no-group-separator -e '--?(name|id)(=.*)?|--api-sock(et)?(=.*)?|-machine|-M'
  } 2> /dev/null | tr '\000\001-\037\177' '\n[ *]' | cut -b 1-300 | head -n 20000 |
    sed -n "/^programs\$/,/^options\$/s,^/proc/\([0-9]*\)/cmdline:,word$tab\1${tab}program$tab,p
      s,^/proc/\([0-9]*\)/cmdline\([:-]\),word$tab\1$tab\2$tab,p"
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
