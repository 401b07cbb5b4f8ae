# Holds the machine's operation lock until standard input ends: $1 the lock, $2 who, $3 a token, $4 the folder of jobs.
# Answers "waiting" with the holder's line, then "held" with the line before ours.
# On standard input: "start <job>" starts a prepared job, which inherits the lock's descriptor.
umask 077
lock=$1 who=$2 token=$3 jobs=$4
if ! command -v flock > /dev/null; then echo 'flock: not found' >&2; exit 69; fi
line_of() { line=; { [ -r "$1" ] && IFS= read -r line < "$1"; } 2> /dev/null || :; }
sign() { printf '%s\t%s\t%s\t%s\t%s\n' "$who" "$1" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$token" "$2" > "$lock.holder"; }
mkdir -p "${lock%/*}" || exit 1
exec 9>> "$lock" || exit 1
until flock -n 9; do
  line_of "$lock.holder"
  printf 'waiting\t%s\n' "$line"
  if flock -w 1 9; then break; fi
done
line_of "$lock.holder"
before=$line
sign "$$" ''
printf 'held\t%s\n' "$before"
while IFS=' ' read -r verb id; do
  [ "$verb" = start ] || continue
  job=$jobs/$id
  exec 8>> "$job/lock" || exit 1
  if [ ! -e "$job/code" ] && flock -n 8; then
    # The runner keeps 8 (the job runs) and 9 (nobody else changes the machine meanwhile).
    setsid /bin/sh "$job/runner" "$job" < /dev/null > /dev/null 2>&1 &
    sign "$!" "$id"
    printf 'started\t%s\n' "$id"
  else
    printf 'running\t%s\n' "$id"
  fi
  exec 8>&-
done
