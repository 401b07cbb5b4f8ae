# The manifest under /etc/pulumi-vgpu: what we put on this machine. A record is there whole or not at all.
manifest=/etc/pulumi-vgpu
line_of() { value=; { IFS= read -r value < "$1"; } 2>/dev/null || :; }
record() { # path below the manifest, then key=value lines
  file=$manifest/$1
  shift
  mkdir -p "${file%/*}" &&
    printf '%s\n' "$@" > "$file.new" &&
    sync "$file.new" &&
    mv "$file.new" "$file" &&
    sync "${file%/*}"
}
forget() { # path below the manifest
  rm -f "$manifest/$1" "$manifest/$1.new"
  rmdir "$manifest/vgpu" "$manifest/gpu" "$manifest" 2>/dev/null || :
}
field_of() { # path below the manifest, key
  value=$(sed -n "s/^$2=//p" "$manifest/$1" 2>/dev/null)
}
