# Retires and makes vGPUs: one operation a line on standard input, fields separated by tabs; stops at the first failure.
outcome() { printf '%s\t%s\t%s\t%s\n' "$1" "$verb" "$uuid" "$why"; }
while IFS='	' read -r verb uuid interface gpu parent name number owner resource keep; do
  why=
  [ "$number" != - ] || number=
  set -- "parent=$parent" "type=$name" "keep=$keep"
  [ "$gpu" = - ] || set -- "gpu=$gpu" "$@"
  set -- "owner=$owner" "name=$resource" "interface=$interface" "$@"
  case $verb in
    retire)
      if [ "$interface" = vendor-vfio ]; then remove_vendor "$parent"; else remove_mdev "$uuid"; fi &&
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
  if [ "$?" -ne 0 ]; then outcome failed; exit 1; fi
  outcome "done"
done
