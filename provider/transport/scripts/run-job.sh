# The detached runner of one job, in its folder $1. The job's script keeps 7 and 8, too, in case this runner is killed; what
# it starts and may leave running must not: the script closes them for that.
trap '' HUP
cd "$1" || exit 1
/bin/sh ./command < stdin > output 2>&1
code=$?
rm -f stdin
# Whoever sees that the job has ended may change the machine at once.
exec 8>&-
printf '%s\n' "$code" > code.new && mv code.new code
