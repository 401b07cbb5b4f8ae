#!/bin/sh
# disk.sh ROOT DISK SIZE_MIB GRUB_FOLDER: a sparse MBR disk with one ext4 partition from 1 MiB on, filled from ROOT,
# and GRUB before it. No loop device and no mount is needed.
set -eu
root=$1 disk=$2 size=$3 grub=$4
here=$(dirname "$(realpath "$0")")
core=$(mktemp)
trap 'rm -f "$core"' EXIT

# A number as the four bytes of an MBR field, lowest first.
little_endian() {
  for shift in 0 8 16 24; do
    printf '%b' "$(printf '\\0%03o' $(($1 >> shift & 255)))"
  done
}
first=2048
sectors=$((size * 2048 - first))

rm -f "$disk"
truncate -s "${size}M" "$disk"
MKE2FS_CONFIG=$here/../mke2fs.conf mke2fs -q -t ext4 -m 0 -L lab-root -E "offset=$((first * 512)),lazy_itable_init=0" \
  -J size=32 -d "$root" "$disk" "$((sectors / 2))k"

grub-mkimage -O i386-pc -d "$grub" -p '(hd0,msdos1)/boot/grub' -o "$core" biosdisk part_msdos ext2 normal linux16
[ "$(stat -c %s "$core")" -le $(((first - 1) * 512)) ]
put() { dd of="$disk" conv=notrunc bs=1 status=none "$@"; }
# The first 440 bytes are GRUB's; the partition table follows.
put if="$grub/boot.img" count=440
dd if="$core" of="$disk" conv=notrunc bs=512 seek=1 status=none
{
  printf '\200\376\377\377\203\376\377\377'
  little_endian "$first"
  little_endian "$sectors"
} | put seek=446
printf '\125\252' | put seek=510
