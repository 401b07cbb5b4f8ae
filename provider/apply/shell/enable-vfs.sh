# Turns the virtual functions of one GPU on, where its vGPUs need them.
carries_itself "$1" && exit 0
record "gpu/$1" "vfs=$2" && enable_vfs "$1" "$2" && exit 0
echo "$why" >&2
exit 1
