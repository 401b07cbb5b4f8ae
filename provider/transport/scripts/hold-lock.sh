# Holds run.lock until standard input ends: $1 who, $2 a token, $3 the folder of jobs, $4 the longest silence, in seconds.
# Answers "waiting" with the holder, then "held" with who had it before: run, change or older; pid, age, token, what, who.
# On standard input: "alive", without which the lock is freed; "start <job>" starts a prepared job under change.lock.
umask 077
who=$1 token=$2 jobs=$3 silence=$4
if ! command -v flock > /dev/null; then echo 'flock: not found' >&2; exit 69; fi
lock_ready || exit 73
older=/run/lock/pulumi-vgpu.lock
# Any user may write in the folder of the older version's lock: only a file that nobody but root can have made or open is
# opened there.
older_free() {
  [ -n "$(find "$older" -prune -type f -uid "$(id -u)" -links 1 ! -perm /077 2> /dev/null)" ] || return 0
  exec 6< "$older"
  flock -n 6
}
change_free() { exec 8>> "$lock_folder/change.lock"; flock -n 8; }
holder_by_kernel() { # lock file; leaves the process that holds it, as the kernel says
  lock_pid=- lock_age=- lock_token=- lock_what=- lock_who=-
  for process in /proc/[0-9]*; do
    lock_open_in "${process#/proc/}" "$1" && grep -qs '^lock:' "$process/fdinfo/${lock_fd##*/}" || continue
    lock_pid=${process#/proc/}
    lock_what=$(head -c 80 "$process/cmdline" 2> /dev/null | tr -c '[:print:]' ' ')
    return
  done
}
told= silent=0
tell() { # run, change or older
  file=$lock_folder/$1.lock
  if [ "$1" = older ]; then file=$older; fi
  if [ "$1" = older ] || ! lock_read "$1" || ! lock_open_in "$lock_pid" "$file"; then holder_by_kernel "$file"; fi
  silent=$((silent + 1))
  if [ "$told" = "$1 $lock_pid" ] && [ "$silent" -lt 10 ]; then return; fi
  told="$1 $lock_pid" silent=0
  printf 'waiting\t%s\t%s\t%s\t%s\t%s\t%s\n' "$1" "$lock_pid" "$lock_age" "$lock_token" "$lock_what" "$lock_who"
}
exec 9>> "$lock_folder/run.lock"
# Nothing is held while something else is waited for. Whoever has both locks for the moment of signing can be sure that
# no script of the run before begins after it.
until
  kind=run
  flock -n 9 && { kind=older; older_free; } && { kind=change; change_free; }
do
  exec 8>&- 6<&-
  flock -u 9
  tell "$kind"
  if [ "$kind" = run ]; then flock -w 1 9; else sleep 0.5; fi
done
if lock_read run; then before="$lock_pid	$lock_age	$lock_token	$lock_what	$lock_who"; else before=; fi
lock_sign run "$$" "$token" - "$who" || exit 73
exec 8>&-
# A client that vanished without a word (power, network) leaves this script with an input that never ends.
watch_silence() {
  (
    trap 'kill "$sleeper" 2> /dev/null; exit' TERM
    sleep "$silence" &
    sleeper=$!
    wait "$sleeper"
    if ! lock_open_in "$$" "$lock_folder/run.lock"; then exit; fi
    # An upload waits for the same client.
    if lock_read change && [ "$lock_token $lock_what" = "$token receive-file" ] &&
      lock_open_in "$lock_pid" "$lock_folder/change.lock"; then kill "$lock_pid"; fi
    kill "$$"
  ) < /dev/null > /dev/null 2>&1 6<&- 9>&- &
  watch=$!
}
start_job() {
  exec 7>> "$jobs/$1/lock" 8>> "$lock_folder/change.lock"
  if [ -e "$jobs/$1/code" ] || ! flock -n 7; then printf 'running\n'
  elif ! flock -n 8; then printf 'busy\n'
  else
    # The runner keeps 7 (the job runs) and 8 (nobody else changes the machine meanwhile).
    setsid /bin/sh "$jobs/$1/runner" "$jobs/$1" < /dev/null > /dev/null 2>&1 6<&- 9>&- &
    lock_sign change "$!" "$token" "job $1" "$who"
    printf 'started\n'
  fi
  exec 7>&- 8>&-
}
watch_silence
printf 'held\trun\t%s\n' "$before"
while IFS=' ' read -r verb id; do
  case $verb in
    alive) kill "$watch" 2> /dev/null; watch_silence ;;
    start) start_job "$id" ;;
  esac
done
kill "$watch" 2> /dev/null
