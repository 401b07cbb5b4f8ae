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
do_operation() {
  why=
  [ "$number" != - ] || number=
  set -- "parent=$parent" "type=$name" "keep=$keep"
  [ "$gpu" = - ] || set -- "gpu=$gpu" "$@"
  set -- "owner=$owner" "name=$resource" "interface=$interface" "$@"
  case $verb in
    retire)
      if [ "$interface" = vendor-vfio ]; then remove_vendor "$parent" "$number"; else remove_mdev "$uuid"; fi &&
        forget "vgpu/$uuid"
      ;;
    make)
      record "vgpu/$uuid" state=intent "$@" &&
        make_vgpu "$interface" "$uuid" "$parent" "$name" "$number" &&
        record "vgpu/$uuid" state=done "$@"
      ;;
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
  if do_operation < /dev/null; then outcome "done" ""; else outcome failed "$why"; exit 1; fi
done << END
$operations
END
