#!/bin/sh
# mtty.sh: in the tree. Builds the kernel's own sample mdev driver, from Debian's source of the installed kernel, for
# every kernel the machine has or may get.
set -eu
# shellcheck source-path=SCRIPTDIR source=kernels.sh
. /mnt/images/rooms/kernels.sh
work=$(mktemp -d)
cd "$work"
version=$(dpkg-query -W -f '${Version}' linux-image-amd64)
series=$(installed_kernels | head -n 1 | cut -d. -f1,2)
apt-get -q download "linux-source-$series=$version"
mkdir mtty
# The package holds a packed archive of 1.3 GB; tar stops at the one file.
dpkg-deb --fsys-tarfile linux-source-*.deb | tar -xO "./usr/src/linux-source-$series.tar.xz" |
  tar -xJ --occurrence=1 --strip-components=3 -C mtty "linux-source-$series/samples/vfio-mdev/mtty.c" || [ -s mtty/mtty.c ]
echo 'obj-m := mtty.o' > mtty/Kbuild
mkdir -p /usr/src/mtty
cp mtty/mtty.c mtty/Kbuild /usr/src/mtty/
build_modules "$work/mtty" extra
