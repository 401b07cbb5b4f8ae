# The vendor's installer unpacks itself to where it can execute and has room, or ends without a word in any log.
installer_folders='/var/lib/pulumi-vgpu/installer /usr/local/lib/pulumi-vgpu/installer'
remove_installer_folders() {
  for folder in $installer_folders; do
    rm -rf "$folder"
    rmdir "${folder%/*}" 2>/dev/null || :
  done
}
is_package() { # file, sha256; leaves what is wrong in $why
  if [ -e "$1" ] && [ -z "$(find "$1" -prune -type f -uid "$(id -u)" ! -perm /022)" ]; then why="$1 is not a file that root alone can change"; return 1; fi
  found=$(sha256sum < "$1" 2>&1 | cut -d ' ' -f 1)
  [ "$found" = "$2" ] || { why="sha256 of $1 is $found, expected $2"; return 1; }
}
installer_folder() { # package; leaves an empty folder in $folder, or what is wrong with each in $why
  remove_installer_folders
  size=$(stat -c %s "$1") || { why="$1 cannot be read"; return 1; }
  need=$((size / 1024 * 5 + 131072))
  needs=$((need / 1024))
  tried=
  for folder in $installer_folders; do
    tried="$tried${tried:+; }$folder "
    if ! own_folder "${folder%/*}"; then tried="${tried}cannot be made: $why"
    elif ! { mkdir -m 700 "$folder" && printf '#!/bin/sh\n' > "$folder/try" && chmod 700 "$folder/try"; }; then
      tried="${tried}cannot be written"
    elif ! "$folder/try"; then tried="${tried}cannot execute programs: it is mounted noexec"
    else
      free=$(df -P -k "$folder" | { read -r _; read -r _ _ _ free _; echo "${free:-0}"; })
      if [ "$free" -ge "$need" ]; then rm "$folder/try"; return 0; fi
      free=$((free / 1024))
      tried="${tried}has room for $free MiB, the installer needs $needs MiB"
    fi
  done
  why=$tried
  remove_installer_folders
  return 1
}
