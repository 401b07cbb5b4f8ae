# Retires and makes vGPUs. Standard input: "operations", a tab, their number; then one operation a line, ten fields
# separated by tabs, a dash for an empty one. Each is looked at before the first is done; stops at the first failure.
tab='	'
outcome() { printf '%s\t%s\t%s\t%s\n' "$1" "$verb" "$uuid" "$(printf '%s' "$2" | tr '[:cntrl:]' ' ')"; }
take_fields() { # one operation
  old_ifs=$IFS
  IFS=$tab
  set -f
  # shellcheck disable=SC2086 # the fields are meant to come apart
  set -- $1
  set +f
  IFS=$old_ifs
  [ "$#" -eq 10 ] || return 1
  verb=$1 uuid=$2 interface=$3 gpu=$4 parent=$5 name=$6 number=$7 owner=$8 resource=$9
  shift 9
  keep=$1
}
is_operation() {
  is_uuid "$uuid" || return 1
  case $verb in
    forget) return 0 ;;
    retire)
      is_place "$interface" "$parent" || return 1
      [ "$number" = - ] || is_number "$number"
      return
      ;;
    make) ;;
    record) ;;
    *) return 1 ;;
  esac
  is_place "$interface" "$parent" && is_type "$interface" "$name" && is_text "$owner" && is_text "$resource" || return 1
  case $interface in mdev-on-parent) [ "$gpu" = - ] ;; *) is_address "$gpu" ;; esac || return 1
  [ "$number" = - ] || is_number "$number" || return 1
  case $keep in yes | no) ;; *) return 1 ;; esac
}
malformed() {
  verb=- uuid=-
  outcome failed "$1: nothing was done"
  exit 2
}
stands_there() { # leaves in $there what is where a vGPU is to be made; fails where nothing is
  if [ "$interface" = vendor-vfio ]; then
    line_of "/sys/bus/pci/devices/$parent/nvidia/current_vgpu_type"
    is_number "$value" && [ "$value" != 0 ] || return 1
    there="$parent holds a vGPU of type number '$value'"
  else
    device=/sys/bus/mdev/devices/$uuid
    [ -e "$device" ] || return 1
    there=$(readlink -f "$device")
    there=${there%/*}
    there="an mdev with this UUID is on ${there##*/}"
  fi
}
# A run may have been cut off after its note. A function has no identity: its place and its type count, too.
noted_before() {
  path_of "vgpu/$uuid"
  [ -f "$file" ] || return 1
  field_of "vgpu/$uuid" adopted
  [ "$value" != yes ] || return 1
  [ "$interface" = vendor-vfio ] || return 0
  field_of "vgpu/$uuid" parent
  [ "$value" = "$parent" ] || return 1
  field_of "vgpu/$uuid" type
  [ "${value##* }" = "${name##* }" ]
}
# Makes a vGPU of these fields. What came since the look, and was not noted before, is another's: a note of ours would make it ours.
make_noted() { # key=value...
  earlier=
  path_of "vgpu/$uuid"
  [ ! -f "$file" ] || earlier=$(tr '\000' '\001' < "$file") || { why="its record could not be read: $file"; return 1; }
  if ! stands_there; then absent=yes
  elif ! noted_before; then
    ending=changed why="$there, and no earlier note of ours says that we made it"
    return 1
  fi
  record "vgpu/$uuid" state=intent "$@" || return 1
  if make_vgpu "$interface" "$uuid" "$parent" "$name" "$number"; then
    record "vgpu/$uuid" state=done "$@"
    return
  fi
  # Of what was not begun no note is left: another may stand there by the next look.
  [ -z "$made$waits" ] && [ -n "$absent" ] || return 1
  reason=$why
  if [ -n "$earlier" ]; then path_of "vgpu/$uuid" && write_record "$file" "$earlier"; else forget "vgpu/$uuid"; fi
  why=$reason
  if stands_there; then ending=changed why="$there since a moment ago ($reason)"; fi
  return 1
}
do_operation() {
  why= ending=failed absent= made= waits=
  [ "$number" != - ] || number=
  set -- "parent=$parent" "type=$name" "keep=$keep"
  [ "$gpu" = - ] || set -- "gpu=$gpu" "$@"
  set -- "owner=$owner" "name=$resource" "interface=$interface" "$@"
  case $verb in
    retire)
      if [ "$interface" = vendor-vfio ]; then remove_vendor "$parent" "$number"; else remove_mdev "$uuid"; fi &&
        forget "vgpu/$uuid"
      ;;
    make) make_noted "$@" ;;
    record) record "vgpu/$uuid" state=done "$@" adopted=yes ;;
    forget) forget "vgpu/$uuid" ;;
  esac
}
operations=$(cat)
announced=
seen=0
while IFS= read -r line; do
  if [ -z "$announced" ]; then
    announced=${line#"operations$tab"}
    is_number "$announced" || malformed "the list of operations does not begin with their number"
    continue
  fi
  seen=$((seen + 1))
  take_fields "$line" && is_operation || malformed "operation $seen of $announced has not the form of one"
done << END
$operations
END
[ "$seen" = "$announced" ] || malformed "$seen operations came, not $announced"
while IFS= read -r line; do
  take_fields "$line" || continue
  if do_operation < /dev/null; then outcome "done" ""; else outcome "$ending" "$why"; exit 1; fi
done << END
$operations
END
