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
