# shellcheck shell=sh
# Read by other scripts in the tree: the kernels a machine has or may get, and building modules for them.

installed_kernels() {
  for build in /lib/modules/*/build; do
    [ -e "$build" ] || continue
    build=${build%/build}
    echo "${build##*/}"
  done
}

# Unpacks the headers of the kernel update, which is not installed, and gives their folder.
unpack_update_headers() {
  set -- /var/lib/lab/kernel-update/linux-headers-*-amd64_*.deb
  [ -e "$1" ] || return 0
  headers=/tmp/update-headers
  for package in /var/lib/lab/kernel-update/linux-headers-*.deb /var/lib/lab/kernel-update/linux-kbuild-*.deb; do
    if [ -e "$package" ]; then dpkg-deb -x "$package" "$headers"; fi
  done
  for kbuild in /usr/lib/linux-kbuild-*; do
    [ -e "$headers$kbuild" ] || { mkdir -p "$headers/usr/lib"; ln -s "$kbuild" "$headers$kbuild"; }
  done
  for folder in "$headers"/usr/src/linux-headers-*; do
    ln -sfn "$folder" "/usr/src/${folder##*/}"
  done
  for folder in "$headers"/usr/src/linux-headers-*-amd64; do
    echo "${folder##*/linux-headers-}"
  done
}

# build_modules FOLDER PLACE: builds the modules of FOLDER for every kernel, into /lib/modules/KERNEL/PLACE.
build_modules() {
  for kernel in $(installed_kernels) $(unpack_update_headers); do
    objects=$(mktemp -d)
    cp -R "$1/." "$objects/"
    make -s -C "/usr/src/linux-headers-$kernel" "M=$objects" modules
    mkdir -p "/lib/modules/$kernel/$2"
    for module in "$objects"/*.ko; do
      strip -g -o "/lib/modules/$kernel/$2/${module##*/}" "$module"
    done
    # The kernel update's own package makes its lists when it is installed.
    if [ -e "/lib/modules/$kernel/modules.order" ]; then depmod "$kernel"; fi
    rm -rf "$objects"
  done
  find /usr/src -maxdepth 1 -type l -lname '/tmp/*' -delete
}
