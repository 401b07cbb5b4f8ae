# Facts of any Linux machine, one line each: a tag, then fields, separated by tabs. Reads only.
fact() { tag=$1; shift; printf '%s' "$tag"; for field; do printf '\t%s' "$field"; done; printf '\n'; }
# The first line of a file, "" where there is none. What is there and cannot be read is not absent.
line_of() {
  value=
  if { IFS= read -r value < "$1"; } 2> /dev/null || [ -n "$value" ] || [ ! -e "$1" ]; then return; fi
  answer=$(head -c 1 "$1" 2>&1 > /dev/null) || if [ -e "$1" ]; then unread devices "$answer (in $PWD)"; fi
}
unread() { printf 'unread\t%s\t%.400s\n' "$1" "$(printf '%s' "$2" | head -n 3 | tr '\t\n' '  ')"; }
# Prints the manifest, or what in it is none of ours: a FIFO would hold the look up, a huge file would flood it, a folder
# would swallow a record. A NUL is lost in the shell: files that are not wholly lines of ours are named.
look_at_manifest() {
  if [ ! -e /etc/pulumi-vgpu ] && [ ! -L /etc/pulumi-vgpu ]; then return; fi
  value=$(find /etc/pulumi-vgpu ! -name '*.new' ! -type d \( ! -type f -o -size +16 \) -printf '%p (%y, %s bytes)\n' 2>&1 | head -n 1)
  if [ -n "$value" ]; then unread manifest "not a small file: $value"; return; fi
  value=$(find /etc/pulumi-vgpu ! -name '*.new' \( ! -uid "$(id -u)" -o -perm /022 \) -printf '%p (mode %m, owner %U)\n' 2>&1 | head -n 1)
  if [ -n "$value" ]; then fact open-record "$value"; return; fi
  value=$(find /etc/pulumi-vgpu -type d ! -path /etc/pulumi-vgpu ! -path /etc/pulumi-vgpu/vgpu ! -path /etc/pulumi-vgpu/gpu 2>&1 | head -n 1)
  if [ -n "$value" ]; then unread manifest "a folder in the place of a record: $value"; return; fi
  manifest=$(grep -r -a -H -D skip --exclude='*.new' '' /etc/pulumi-vgpu 2>&1)
  if [ "$?" -gt 1 ]; then unread manifest "$(printf '%s\n' "$manifest" | grep '^grep:')"; return; fi
  if [ -n "$manifest" ]; then printf '%s\n' "$manifest" | while IFS= read -r value; do fact manifest "${value#/etc/pulumi-vgpu/}"; done; fi
  {
    find /etc/pulumi-vgpu -type f -size 0 ! -name '*.new'
    LC_ALL=C grep -r -a -l -v -E -D skip --exclude='*.new' '^[a-zA-Z]+=[^[:cntrl:]]*$' /etc/pulumi-vgpu
  } | while IFS= read -r value; do fact bent-record "${value#/etc/pulumi-vgpu/}"; done
}
kernel=$(uname -r)
line_of /etc/machine-id; fact machine-id "$value"
line_of /proc/sys/kernel/random/boot_id; fact boot-id "$value"
fact hostname "$(uname -n)"
fact kernel "$kernel"
fact architecture "$(uname -m)"
line_of /proc/cmdline; fact cmdline "$value"
if [ -r /etc/os-release ]; then
  while IFS= read -r value; do case $value in PRETTY_NAME=*) fact os "${value#PRETTY_NAME=}" ;; esac; done < /etc/os-release
fi
if [ ! -d /sys/firmware/efi ]; then fact secure-boot disabled
elif command -v mokutil > /dev/null 2>&1; then fact secure-boot "$(mokutil --sb-state 2>&1 | head -n 4 | tr '\n' ' ')"
else fact secure-boot unknown; fi
for tool in cc gcc make dkms mdevctl flock update-initramfs dracut systemctl nvidia-smi nvidia-uninstall openssl mokutil; do
  if command -v "$tool" > /dev/null 2>&1; then fact tool "$tool"; fi
done
if [ -x /usr/lib/nvidia/sriov-manage ]; then fact tool sriov-manage; fi
if [ -e "/lib/modules/$kernel/build" ]; then fact headers yes; fi
if [ -d /sys/module/nouveau ]; then fact nouveau-loaded yes; fi
seen='' blocking=
for value in /etc/modprobe.d/*.conf /run/modprobe.d/*.conf /usr/lib/modprobe.d/*.conf /lib/modprobe.d/*.conf; do
  [ -f "$value" ] || continue
  # A file takes the place of those of its name in later folders, and /lib is a link to /usr/lib.
  case $seen in *"/${value##*/}/"*) continue ;; esac
  seen="$seen/${value##*/}/"
  blocking="$blocking$value
"
done
old_ifs=$IFS
IFS='
'
# shellcheck disable=SC2086 # paths, a line each
if [ -n "$blocking" ]; then
  grep -ls -e '^[[:space:]]*blacklist[[:space:]]\{1,\}nouveau[[:space:]]*$' -e '^[[:space:]]*install[[:space:]]\{1,\}nouveau[[:space:]]\{1,\}[^[:space:]]*/\(false\|true\)[[:space:]]*$' -- $blocking | while IFS= read -r value; do fact nouveau-blocked "$value"; done
fi
IFS=$old_ifs
if [ -d /sys/module/nvidia ]; then line_of /sys/module/nvidia/version; fact loaded-driver "$value"; fi
no_module=
value=$(modinfo -F version nvidia 2>&1) ||
  { case $value in *'not found'*) no_module=yes ;; *) unread driver "${value:-modinfo ended with $?}" ;; esac; value=; }
for source in /var/lib/dkms/nvidia/*/source; do
  [ -e "$source" ] || continue
  source=${source%/source}
  fact dkms-driver "${source##*/}"
  # Its first build may have failed: then it is only added, and builds nothing for the next kernel either.
  for built in "$source"/*/*/module; do if [ -e "$built" ]; then fact dkms-built "${source##*/}"; break; fi; done
done
if [ -n "$value" ]; then fact installed-driver "$(printf '%s\n' "$value" | tail -n 1)"
else
  for other in /lib/modules/*; do
    other=${other##*/}
    [ "$other" != "$kernel" ] && value=$(modinfo -k "$other" -F version nvidia 2>/dev/null) && [ -n "$value" ] && fact other-kernel-driver "$other" "$value"
  done
  if [ -d /var/lib/dkms/nvidia ]; then
    said=$({ timeout 20 dkms status 2>/dev/null || echo "ended with $?"; } | head -n 1000)
    case $said in *"ended with 124" | *"ended with 137") unread driver "dkms status has not answered within 20 s" ;; esac
    printf '%s\n' "$said" | while IFS= read -r value; do case $value in nvidia[/,]*) fact dkms "$value" ;; esac; done
  fi
fi
# One block for each, in their order, with an empty line between.
# shellcheck disable=SC2086 # names of units, which hold no blanks
if said=$(timeout 30 systemctl show -p LoadState -p ActiveState -p Result -p UnitFileState $services 2>&1); then
  printf '%s\n' "$said" | {
    # shellcheck disable=SC2086
    set -- $services
    while IFS= read -r value; do
      case $value in
        '') if [ "$#" -gt 0 ]; then shift; fi ;;
        *) fact service "${1:-}" "${value%%=*}" "${value#*=}" ;;
      esac
    done
    if [ "$#" != 1 ]; then unread services "systemctl show answers for another number of units than: $services"; fi
  }
else unread services "${said:-systemctl ended with $?}"; fi
# A file that others may change is no package that lies ready.
for value in /var/lib/pulumi-vgpu/packages/*.run; do
  if [ -n "$(find "$value" -prune -type f -uid "$(id -u)" ! -perm /022 2> /dev/null)" ]; then value=${value##*/}; fact upload "${value%.run}"; fi
done
look_at_processes
