#!/bin/sh
# packages.sh PACKAGE...: in the tree. Installs them; the kernel's initramfs is made once, by configure.sh.
set -eu
echo 'force-unsafe-io' > /etc/dpkg/dpkg.cfg.d/lab-build
apt-get -q update
apt-get -q -y -o Dpkg::Options::=--force-confold install initramfs-tools
dpkg-divert --quiet --local --rename --divert /usr/sbin/update-initramfs.real --add /usr/sbin/update-initramfs
ln -s /bin/true /usr/sbin/update-initramfs
apt-get -q -y -o Dpkg::Options::=--force-confold install "$@"
rm /usr/sbin/update-initramfs
dpkg-divert --quiet --local --rename --remove /usr/sbin/update-initramfs
apt-get clean
rm /etc/dpkg/dpkg.cfg.d/lab-build
# What debootstrap unpacked before dpkg was told to leave it out.
rm -rf /usr/share/doc/* /usr/share/info/* /usr/share/locale/* /usr/share/man/*
