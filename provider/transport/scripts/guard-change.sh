# Begins every script that changes something. Ends with 75, before any change, unless this script has change.lock to
# itself and the run that sent it holds run.lock: $1 that run's token, $2 how many bytes of input the script has, "-" for
# a stream that it bounds itself. The script's own arguments follow.
lock_refuse() { printf 'pulumi-vgpu: not begun: %s\n' "$1" >&2; exit 75; }
lock_ready || exit 73
if [ "$2" = 0 ]; then exec < /dev/null
elif [ "$2" != - ]; then
  # All of it or nothing: half an input is no input, and whoever sends it may be gone.
  lock_input=$lock_folder/input.$$
  (umask 077; timeout 60 head -c "$2" > "$lock_input")
  if [ "$(wc -c < "$lock_input")" -ne "$2" ]; then rm -f "$lock_input"; lock_refuse input; fi
  exec < "$lock_input"
  rm -f "$lock_input"
fi
exec 8>> "$lock_folder/change.lock"
flock -n 8 || lock_refuse busy
lock_run_is "$1" || lock_refuse lost
lock_sign change "$$" "$1" "${0#pulumi-vgpu:}" "$lock_who" || exit 73
rm -f "$lock_folder"/input.*
shift 2
