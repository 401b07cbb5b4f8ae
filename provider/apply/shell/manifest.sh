# The manifest under /etc/pulumi-vgpu: what we put on this machine. A record is there whole or not at all.
manifest=/etc/pulumi-vgpu
line_of() { value=; { IFS= read -r value < "$1"; } 2>/dev/null || :; }
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
      if [ -e "$manifest/$old" ]; then mv "$manifest/$old" "$manifest/guest-$old" || return 1; fi
    done
  fi
  printf 'format=%s\n' "$known_format" > "$manifest/format.new" && sync "$manifest/format.new" &&
    mv "$manifest/format.new" "$manifest/format" && sync "$manifest"
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
  mkdir -p "${file%/*}" &&
    printf '%s\n' "$@" > "$file.new" &&
    sync "$file.new" &&
    mv "$file.new" "$file" &&
    sync "${file%/*}"
}
forget() { # path below the manifest; the number of the format goes before the last record
  raise_format || return 1
  path_of "$1"
  rest=$(find "$manifest" -type f ! -path "$manifest/format" ! -path "$file" ! -name '*.new' -print -quit)
  if [ -z "$rest" ]; then rm -f "$manifest/format" "$manifest/format.new"; fi
  rm -f "$file" "$file.new"
  rmdir "$manifest/vgpu" "$manifest/gpu" "$manifest" 2>/dev/null || :
}
field_of() { # path below the manifest, key; nothing where the record has the key twice: one of them was smuggled in
  path_of "$1"
  value=$(sed -n "s/^$2=//p" "$file" 2>/dev/null)
  is_text "$value" || value=
}
