# The manifest under /etc/pulumi-vgpu: what we put on this machine. A record is there whole or not at all.
manifest=/etc/pulumi-vgpu
# The first line of a file, "" where there is none; fails where it is there and cannot be read. Nothing but a file is opened:
# a FIFO would hold a boot up.
line_of() {
  value=
  if [ ! -e "$1" ]; then return 0; fi
  [ -f "$1" ] || return 1
  { IFS= read -r value < "$1"; } 2> /dev/null || [ -n "$value" ] || head -c 1 "$1" > /dev/null 2>&1 || [ ! -e "$1" ]
}
# What others may change is nothing to go by.
manifest_owned() { # leaves in $why what is not root's alone; a link counts as open to all
  if [ ! -e "$manifest" ] && [ ! -L "$manifest" ]; then return 0; fi
  why=$(find "$manifest" ! -name '*.new' \( ! -uid "$(id -u)" -o -perm /022 \) -printf '%p (mode %m, owner %U)\n' 2>&1 | head -n 1)
  [ -z "$why" ]
}
manifest_owned || { echo "what is noted on this machine is not root's alone: $why" >&2; exit 1; }
# The format of these records. Number 1 has no number, and a guest's records of the driver have the names of a host's.
known_format=2
formats_known() {
  if [ ! -e "$manifest/format" ]; then return 0; fi
  line_of "$manifest/format"
  case $value in format=[0-9] | format=[0-9][0-9]) [ "${value#format=}" -le "$known_format" ] ;; *) return 1 ;; esac
}
formats_known || { echo "the records below $manifest are of a newer pulumi-vgpu ($value); this one knows formats up to $known_format" >&2; exit 1; }
raise_format() {
  { IFS= read -r noted < "$manifest/format"; } 2> /dev/null || noted=
  if [ "$noted" = "format=$known_format" ]; then return 0; fi
  mkdir -p "$manifest" || return 1
  if [ -e "$manifest/guest" ] && [ ! -e "$manifest/host" ]; then
    for old in driver nouveau; do
      if [ -e "$manifest/$old" ]; then mv -T "$manifest/$old" "$manifest/guest-$old" || return 1; fi
    done
  fi
  write_record "$manifest/format" "format=$known_format"
}
# What lies in the new file's place is taken away, never opened; a folder in the record's own place would swallow it.
write_record() { # whole path, then its lines
  new=$1
  shift
  rm -f "$new.new" &&
    (set -C && printf '%s\n' "$@" > "$new.new") &&
    sync "$new.new" &&
    mv -T "$new.new" "$new" &&
    sync "${new%/*}"
}
# A machine may have been taken for both kinds: each has records of its own, and leaves the other's alone.
path_of() { # path below the manifest; leaves the whole one in $file
  case $side:$1 in guest:driver | guest:nouveau) file=$manifest/guest-$1 ;; *) file=$manifest/$1 ;; esac
}
# Before a guest's records are read by their names.
if [ "$side" = guest ] && [ -e "$manifest/guest" ]; then raise_format || exit 1; fi
record() { # path below the manifest, then key=value lines
  raise_format || return 1
  path_of "$1"
  shift
  for field; do
    case $field in [a-z]*=*) is_text "$field" && continue ;; esac
    why="a value of $file is no single line without control characters"
    return 1
  done
  mkdir -p "${file%/*}" && write_record "$file" "$@"
}
forget() { # path below the manifest; the number of the format goes before the last record
  raise_format || return 1
  path_of "$1"
  if [ -d "$file" ]; then echo "$file is a folder, and no record" >&2; return 1; fi
  rest=$(find "$manifest" -type f ! -path "$manifest/format" ! -path "$file" ! -name '*.new' -print -quit)
  if [ -z "$rest" ]; then rm -f "$manifest/format" "$manifest/format.new"; fi
  rm -f "$file" "$file.new" || return 1
  rmdir "$manifest/vgpu" "$manifest/gpu" "$manifest" 2>/dev/null || :
}
# Nothing where the record has the key twice: one of them was smuggled in. The shell would leave a NUL out.
field_of() { # path below the manifest, key
  path_of "$1"
  value=
  [ -f "$file" ] || return 0
  value=$(sed -n "s/^$2=//p" "$file" 2>/dev/null | tr '\000' '\001')
  is_text "$value" || value=
}
