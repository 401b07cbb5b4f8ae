# A GPU has one record for all of its settings: each writes its own fields, and leaves those of the others.
fields_but() { # PCI address, keys that are left out; leaves the lines of the others in $others
  path_of "gpu/$1"
  shift
  others=
  [ -f "$file" ] || return 0
  without=
  for key; do without="$without/^$key=/d;"; done
  others=$(sed "$without" "$file")
}
record_fields() { # PCI address, key=value lines; those with other keys stay
  address=$1
  shift
  keys=
  for field; do keys="$keys ${field%%=*}"; done
  # shellcheck disable=SC2086 # keys, which hold no blanks
  fields_but "$address" $keys || return 1
  while IFS= read -r line; do
    if [ -n "$line" ]; then set -- "$@" "$line"; fi
  done << EOF
$others
EOF
  record "gpu/$address" "$@"
}
forget_fields() { # PCI address, keys; with the last one goes the record
  address=$1
  fields_but "$@" || return 1
  if [ -z "$others" ]; then forget "gpu/$address"; return; fi
  set --
  while IFS= read -r line; do set -- "$@" "$line"; done << EOF
$others
EOF
  record "gpu/$address" "$@"
}
