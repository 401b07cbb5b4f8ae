# The VMs that run, whatever their programs are called, and who has a VFIO file open. Reads only.
# look_at_processes prints lines of fields separated by tabs: holder PID FILE; vm PID; word PID program NAME;
# word PID : OPTION, followed by word PID - VALUE; unread processes WHY. It leaves the VMs' PIDs in $vms, and why it could not finish in $unread.
look_at_processes() {
  tab='	'
  old_ifs=$IFS
  IFS='
'
  set -f
  sort_processes "$(open_files 2>&1 | head -n 20000)"
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
# processes they are longer than an argument list may be. The first -lname lets few through: each one is a readlink.
open_files() {
  export LC_ALL=C
  set +f
  printf '%s\0' /proc/[0-9]*/fd | xargs -0 sh -c 'exec find "$@" -maxdepth 1 -type l -lname "*[kv][vf][mi]*" \
    ! -lname "*[!-a-zA-Z0-9_./:() ]*" \( -lname "/dev/kvm*" -o -lname "anon_inode:kvm-vm*" -o -lname "/dev/vfio/*" \) \
    -printf "open\t%p\t%l\n"' find
  echo "end find $?"
  printf '%s\0' /proc/[0-9]*/comm | xargs -0 grep -HxE '\.?qemu-(system|kvm).*|kvm'
  echo "end grep $?"
}

# Sets found (VMs' PIDs), files (command lines of all that were found) and unread, and prints the holders.
sort_processes() {
  vms='' found='' files='' unread='' last='' ends=0
  if [ ! -e /proc/1/fd ]; then unread="/proc does not show process 1"; fi
  for line in $1; do
    pid=${line#*/proc/}; pid=${pid%%/*}
    case $line in
      "open$tab/proc/"*/fd/*"$tab/dev/vfio/vfio") continue ;;
      "open$tab/proc/"*/fd/*"$tab/dev/vfio/"*) printf 'holder\t%s\t%s\n' "$pid" "${line##*"$tab"}" ;;
      "open$tab/proc/"*/fd/* | /proc/*/comm:*) found="$found
$pid" ;;
      # 0: all of it; 123: a file of one that has ended meanwhile, or grep found nothing.
      "end find 0" | "end find 123" | "end grep 0" | "end grep 123") ends=$((ends + 1)); continue ;;
      "find: '/proc/"*"': No such file or directory" | "find: '/proc/"*"': No such process" | \
      "grep: /proc/"*": No such file or directory" | "grep: /proc/"*": No such process") continue ;;
      *) unread=${unread:-$line}; continue ;;
    esac
    if [ "$pid" != "$last" ]; then files="$files
/proc/$pid/cmdline"; fi
    last=$pid
  done
  if [ "$ends" != 2 ]; then unread=${unread:-"the list of open files was cut"}; fi
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
