# Run by pulumi-vgpu.service at boot: what does not survive a reboot is made again, in the documented order.
# A run may have come to the machine before this unit.
lock_ready || exit 1
exec 8>> "$lock_folder/change.lock"
flock -w 300 8 || { echo "pulumi-vgpu: another script has been changing this machine for 300 s" >&2; exit 1; }
lock_sign change "$$" - restore pulumi-vgpu.service
failures=0
failed() { echo "pulumi-vgpu: $1: $why" >&2; failures=$((failures + 1)); }
# A record of a stack that does not have the host is a stale one: it would take a function or an instance from who has.
field_of host owner
stack=${value%"${value#*/*/}"}
stack=${stack%/}
# A stack that was renamed has the host before its vGPUs are noted anew, one by one.
field_of host former
stacks=" $stack $value "
for file in "$manifest"/gpu/*; do
  [ -f "$file" ] || continue
  gpu=${file##*/}
  is_address "$gpu" || continue
  if [ -z "$stack" ]; then
    echo "pulumi-vgpu: virtual functions of $gpu: left off, nobody has this host" >&2
    continue
  fi
  field_of "gpu/$gpu" vfs
  is_number "$value" && [ "$value" -gt 0 ] || continue
  vfs=$value
  { is_gpu "$gpu" && enable_vfs "$gpu" "$vfs"; } || failed "virtual functions of $gpu"
done
# The driver of a parent that is not NVIDIA's may be loaded later in the boot. The first one that does not come in a
# minute ends the waiting.
patience=600
await_parent() { # interface, parent
  [ "$1" = mdev-on-parent ] || return 0
  until_true "$patience" has_parent "$2" || patience=1
}
for file in "$manifest"/vgpu/*; do
  case $file in *.new) continue ;; esac
  [ -f "$file" ] || continue
  uuid=${file##*/}
  field_of "vgpu/$uuid" owner
  of_owner=
  case $value in '' | *' '*) ;; *) case $stacks in *" $value "*) of_owner=yes ;; esac ;; esac
  if [ -z "$of_owner" ] || [ -z "$stack" ]; then
    echo "pulumi-vgpu: vGPU $uuid: left alone, it is noted for '$value', and '${stack:-nobody}' has this host" >&2
    continue
  fi
  field_of "vgpu/$uuid" interface; interface=$value
  field_of "vgpu/$uuid" parent; parent=$value
  field_of "vgpu/$uuid" type; name=$value
  field_of "vgpu/$uuid" adopted; adopted=$value
  if is_uuid "$uuid" && is_place "$interface" "$parent" && is_type "$interface" "$name"; then
    await_parent "$interface" "$parent"
    make_vgpu "$interface" "$uuid" "$parent" "$name" "" || failed "vGPU $uuid ($name on $parent)"
  else
    why="its record has not the form of one"
    failed "vGPU $uuid"
  fi
done
exit $((failures > 0))
