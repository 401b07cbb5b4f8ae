# Turns the virtual functions of one GPU on, where its vGPUs need them. Those that were on before us are noted as found.
is_gpu "$1" || { echo "$why" >&2; exit 1; }
carries_itself "$1" && exit 0
field_of "gpu/$1" vfs
found=
if [ -z "$value" ] && ! has_no_vfs "$1"; then found=found=on; fi
# shellcheck disable=SC2086 # no field where none were on
record_fields "$1" "vfs=$2" $found && enable_vfs "$1" "$2" && exit 0
echo "$why" >&2
exit 1
