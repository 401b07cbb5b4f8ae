# Writes down a job that is then started by the holder of the lock: $1 its folder, $2 the caller's token, $3 the command,
# $4 the runner; its standard input is ours. Answers "running" if it runs already, else "ready".
umask 077
lock_ready || exit 73
mkdir -p "$1" && cd "$1" || exit 1
exec 7>> lock || exit 1
if ! flock -n 7; then echo running; exit 0; fi
if [ -f token ] && [ "$(cat token)" = "$2" ]; then echo ready; exit 0; fi
rm -f token code output
cat > stdin && printf '%s\n' "$3" > command && printf '%s\n' "$4" > runner && printf '%s\n' "$2" > token || exit 1
echo ready
