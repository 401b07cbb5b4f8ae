#!/bin/sh
# kernel-update.sh MIRROR SUITE: in the tree. Leaves the packages of the newest kernel of a security archive, not
# installed, in /var/lib/lab/kernel-update: `dpkg -i /var/lib/lab/kernel-update/*.deb` updates without a network.
set -eu
printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n' "$1" "$2" >> /etc/apt/sources.list
apt-get -q update
folder=/var/lib/lab/kernel-update
mkdir -p "$folder/partial"
apt-get -q -y -o "Dir::Cache::archives=$folder" --download-only install linux-image-amd64 linux-headers-amd64
rm -rf "$folder/partial" "$folder/lock"
