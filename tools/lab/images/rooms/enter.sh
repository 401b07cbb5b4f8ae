#!/bin/sh
# enter.sh ROOT SCRIPT [ARG...]: runs SCRIPT, a path below tools/lab, in the tree ROOT, where /mnt is tools/lab.
# Call it in mount and process namespaces of its own: what it mounts goes with them.
set -eu
root=$1 script=$2
shift 2
lab=$(dirname "$(realpath "$0")")/../..

mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for node in null zero full random urandom tty; do
  : > "$root/dev/$node"
  mount --bind "/dev/$node" "$root/dev/$node"
done
mkdir "$root/dev/pts" "$root/dev/shm"
ln -s /proc/self/fd "$root/dev/fd"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
: >> "$root/etc/resolv.conf"
# Read-only: it is this machine's own.
mount --bind -o ro "$(realpath /etc/resolv.conf)" "$root/etc/resolv.conf"
mount --bind -o ro "$lab" "$root/mnt"
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
  ${http_proxy:+"http_proxy=$http_proxy"} ${https_proxy:+"https_proxy=$https_proxy"} \
  chroot "$root" /bin/sh "/mnt/$script" "$@"
