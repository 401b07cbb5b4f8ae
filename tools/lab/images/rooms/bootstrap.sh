#!/bin/sh
# bootstrap.sh ROOT SUITE MIRROR KEYRING: the smallest Debian, with what dpkg, apt and initramfs-tools are to obey.
set -eu
root=$1 suite=$2 mirror=$3 keyring=$4
here=$(dirname "$(realpath "$0")")

mkdir -p "$root"
debootstrap --variant=minbase --include=ca-certificates --keyring="$keyring" "$suite" "$root" "$mirror"
cp -R --no-preserve=all "$here/../root/before/." "$root/"
printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n' "$mirror" "$suite" \
  > "$root/etc/apt/sources.list"
# Services start in the machine, not while it is made.
printf '#!/bin/sh\nexit 101\n' > "$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
