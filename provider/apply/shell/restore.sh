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
