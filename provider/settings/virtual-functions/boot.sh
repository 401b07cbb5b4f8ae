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
