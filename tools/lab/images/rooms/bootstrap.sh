#!/bin/sh
# bootstrap.sh ROOT SUITE MIRROR KEYRING: the smallest Debian, and this folder's files over it.
set -eu
root=$1 suite=$2 mirror=$3 keyring=$4
here=$(dirname "$(realpath "$0")")

mkdir -p "$root"
debootstrap --variant=minbase --keyring="$keyring" "$suite" "$root" "$mirror"
# Not owned by the builder's user or umask; /etc and /usr exist, so that links like /lib stay links.
cp -R --no-preserve=all "$here/../root/." "$root/"
chmod 440 "$root/etc/sudoers.d/admin"
echo "lab-$suite" > "$root/etc/hostname"
printf '127.0.1.1 lab-%s\n' "$suite" >> "$root/etc/hosts"
printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n' "$mirror" "$suite" \
  > "$root/etc/apt/sources.list"
printf '#!/bin/sh\nexit 101\n' > "$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
