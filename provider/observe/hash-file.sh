# Prints the sha256 of one file, nothing when it is not there. Reads only.
[ -f "$1" ] && sha256sum "$1" | cut -d ' ' -f 1
exit 0
