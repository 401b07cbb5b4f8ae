# What root runs or believes lies where nobody else writes: whoever may change a folder may change what is in it.
own_folder() { # makes it so, or leaves in $why what is in the way
  why=$(mkdir -p "$1" 2>&1) || return 1
  if [ -L "$1" ] || [ ! -O "$1" ]; then why="$1 is not a folder of root's"; return 1; fi
  why=$(chmod go-w "$1" 2>&1)
}
own_packages() { # the folder of packages; theirs is ours, too
  own_folder "${1%/*}" && own_folder "$1"
}
