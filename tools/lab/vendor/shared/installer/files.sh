# What is put on the machine. Each file and folder is noted in a manifest before it is there, so that all can be taken back.
manifest=/var/lib/nvidia/manifest
unfinished=/var/lib/nvidia/manifest.new

note() { printf '%s\n' "$1" >> "$noted"; }

begin_manifest() {
  mkdir -p /var/lib/nvidia
  chmod 700 /var/lib/nvidia
  : > "$unfinished"
  noted=$unfinished
}

# From here on the old driver is gone and what is noted is the installed one.
keep_manifest() {
  mv "$unfinished" "$manifest"
  noted=$manifest
}

# What a run that was killed has left behind.
undo_unfinished() {
  [ -e "$unfinished" ] || return 0
  say "-> Taking back what an earlier, unfinished run has left"
  take_modules_away
  take_files_away "$unfinished"
}

put_folder() { # path
  [ ! -d "$1" ] || return 0
  put_folder "$(dirname "$1")"
  note "folder $1"
  mkdir "$1"
}

put_file() { # source, path
  put_folder "$(dirname "$2")"
  if [ -e "$2" ] || [ -L "$2" ]; then
    saved=$(grep -c '^saved ' "$noted")
    note "saved $saved $2"
    mv "$2" "/var/lib/nvidia/$saved"
  fi
  note "file $2"
  cp -P --preserve=mode "$1" "$2"
}

put_tree() { # folder, path
  (cd "$1" && find . \( -type f -o -type l \) -print) | sort | while IFS= read -r name; do
    put_file "$1/$name" "$2/${name#./}" || exit 1
  done
}

put_files() {
  say "-> Installing the files of NVIDIA driver $version"
  put_tree "$here/files" "" || refuse "A file could not be written; see the log."
  fault_half_way
  for folder in $folders; do put_folder "$folder"; done
}

take_files_away() { # manifest
  [ -e "$1" ] || return 0
  kernels=$(sed -n 's#^file /lib/modules/\([^/]*\)/.*#\1#p' "$1" | sort -u)
  tac "$1" | while read -r what rest; do
    case $what in
      file) rm -f "$rest" ;;
      folder) rmdir "$rest" 2>/dev/null || : ;;
      saved) mv "/var/lib/nvidia/${rest%% *}" "${rest#* }" ;;
    esac
  done
  for old_kernel in $kernels; do quietly depmod "$old_kernel"; done
  rm -f "$1"
  rmdir /var/lib/nvidia 2>/dev/null || :
}

# An installed driver takes itself away, by the uninstaller that it brought.
take_old_driver_away() {
  [ -s "$manifest" ] || return 0
  say "-> Taking the installed driver away"
  if [ -x /usr/bin/nvidia-uninstall ]; then
    quietly /usr/bin/nvidia-uninstall --silent || :
  else
    take_modules_away
    take_files_away "$manifest"
  fi
  mkdir -p /var/lib/nvidia
}
