# The detached runner of one job, in its folder $1. What the job leaves running must not keep the locks: 7 and 8 are closed for it.
trap '' HUP
cd "$1" || exit 1
/bin/sh ./command < stdin > output 2>&1 7>&- 8>&-
code=$?
rm -f stdin
# Whoever sees that the job has ended may change the machine at once.
exec 8>&-
printf '%s\n' "$code" > code.new && mv code.new code
