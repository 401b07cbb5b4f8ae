# Removes the rest of what one kind put here: its records, and the uploads where the other kind has no claim. The locks
# stay until the next boot: whoever removed a file that is locked would let two runs in.
other=guest
if [ "$1" = guest ]; then other=host; fi
if [ ! -e "$manifest/$other" ]; then
  rm -rf /var/lib/pulumi-vgpu /run/pulumi-vgpu/jobs /run/pulumi-vgpu/write.* /run/pulumi-vgpu/reboot-refused
fi
# Of GPUs that have left the host, and of functions that were on before us, nothing but the record is there to take away.
if [ "$1" = host ]; then
  for file in "$manifest"/gpu/*; do
    gpu=${file##*/}
    if is_address "$gpu"; then forget "gpu/$gpu" || exit 1; fi
  done
fi
forget driver && forget nouveau && forget "$1"
