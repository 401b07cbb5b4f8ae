# Waits up to $2 seconds for the end of the job in the folder $1.
# Answers "done <code>", "running", "ready" (not started), "died" or "none", then the end of its output.
cd "$1" 2> /dev/null && [ -f lock ] || { echo none; exit 0; }
exec 7< lock || exit 1
ended=
if flock -s -w "$2" 7; then ended=yes; fi
if [ -z "$ended" ]; then echo running; tail -c 4096 output 2> /dev/null
elif [ -f code ]; then printf 'done %s\n' "$(cat code)"; tail -c 65536 output
elif [ -f output ]; then echo died; tail -c 65536 output
else echo ready; fi
exit 0
