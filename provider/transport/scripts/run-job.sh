# The detached runner of one job, in its folder $1. What the job leaves running must not keep the locks: 8 and 9 are closed for it.
trap '' HUP
cd "$1" || exit 1
/bin/sh ./command < stdin > output 2>&1 8>&- 9>&-
code=$?
rm -f stdin
printf '%s\n' "$code" > code.new && mv code.new code
