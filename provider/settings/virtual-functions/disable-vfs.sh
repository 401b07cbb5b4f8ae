# Turns the virtual functions of one GPU off.
is_gpu "$1" && disable_vfs "$1" && forget "gpu/$1" && exit 0
echo "$why" >&2
exit 1
