# Whatever turns virtual functions on or off for us holds the lock of its file until it has ended.
for gpu in $gpus; do
  turn=/run/pulumi-vgpu/sriov-manage.$gpu
  if [ ! -f "$turn" ] || (flock -s -n 5) 5< "$turn"; then continue; fi
  line_of "$turn"; said=$value
  line_of /proc/uptime
  fact vfs-turn "$gpu" "${said%% *}" "${said#* }" "${value%%.*}"
done
