# Turns the virtual functions of one GPU on.
record "gpu/$1" "vfs=$2" && enable_vfs "$1" "$2" && exit 0
echo "$why" >&2
exit 1
