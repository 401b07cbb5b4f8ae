# What one file is: its size, its sha256, its first bytes, the lines of its header that name a product. Nothing when it is not there. Reads only.
# A pipe may come in its place meanwhile: it is opened within the limits, too, and not by this shell.
[ -f "$1" ] || exit 0
size=$(stat -L -c %s -- "$1" 2> /dev/null)
printf 'size\t%s\n' "$size"
# What is no package by its size alone is not read: of a sparse file there may be millions of MiB.
if [ "${size:-0}" -gt 4294967296 ]; then printf 'sha256\t\n'; exit 0; fi
printf 'sha256\t%s\n' "$(timeout 100 sh -c 'exec sha256sum < "$1"' sh "$1" | cut -d ' ' -f 1)"
printf 'first-bytes\t%s\n' "$(timeout 10 head -c 8 -- "$1" | od -A n -t x1 | tr -d ' \n')"
timeout 10 head -c 65536 -- "$1" | tr '\000\t\r' '???' | grep -a -e '^label=' -e '^targetdir=' -e '^version_string=' | head -n 20 | cut -c 1-300 |
  while IFS= read -r value; do printf 'header\t%s\n' "$value"; done
exit 0
