# Turns the virtual functions of one GPU off.
is_gpu "$1" && disable_vfs "$1" && forget_fields "$1" vfs found && exit 0
echo "$why" >&2
exit 1
